//! The server over a socket pair, without SELinux and without a guest.

use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use dev_protocol::{FileSystem, Finished, List, Ping, ReadFile, Run};

use super::*;

struct Client {
    requests: UnixStream,
    answers: BufReader<UnixStream>,
    next_id: u64,
}

impl Client {
    fn new() -> Client {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let server = Arc::new(Server::new());
        thread::spawn(move || server.serve(theirs.try_clone().unwrap(), theirs).unwrap());
        let mut client = Client {
            answers: BufReader::new(ours.try_clone().unwrap()),
            requests: ours,
            next_id: 1,
        };
        assert!(matches!(client.receive(), Message::Hello(_)));
        client
    }

    fn receive(&mut self) -> Message {
        let mut line = Vec::new();
        self.answers.read_until(b'\n', &mut line).unwrap();
        dev_protocol::decode(&line).unwrap()
    }

    fn send(&mut self, operation: Operation) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.requests
            .write_all(&dev_protocol::encode(&Request { id, operation }))
            .unwrap();
        id
    }

    fn call(&mut self, operation: Operation) -> Outcome {
        let id = self.send(operation);
        match self.receive() {
            Message::Answer(answer) if answer.id == id => answer.outcome,
            other => panic!("unexpected {other:?}"),
        }
    }

    fn run(&mut self, argv: &[&str], stdin: Option<&str>, timeout_seconds: u64) -> Finished {
        let run = Run {
            argv: argv.iter().map(|s| (*s).to_owned()).collect(),
            stdin: stdin.map(Into::into),
            timeout_seconds: Some(timeout_seconds),
            ..Run::default()
        };
        match self.call(Operation::Run(run)) {
            Outcome::Finished(finished) => finished,
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[test]
fn programs_run_with_their_streams() {
    let mut client = Client::new();
    type Case<'a> = (&'a [&'a str], Option<&'a str>, i32, &'a str, &'a str);
    let cases: [Case<'_>; 5] = [
        (&["echo", "hi"], None, 0, "hi\n", ""),
        (&["cat"], Some("in\0put"), 0, "in\0put", ""),
        (&["cat"], None, 0, "", ""),
        (
            &["sh", "-c", "echo out; echo err >&2; exit 7"],
            None,
            7,
            "out\n",
            "err\n",
        ),
        (&["sh", "-c", "kill -9 $$"], None, 137, "", ""),
    ];
    for (argv, stdin, exit, stdout, stderr) in cases {
        let done = client.run(argv, stdin, 10);
        let found = (done.exit, done.stdout.text(), done.stderr.text());
        assert_eq!(found, (exit, stdout.into(), stderr.into()), "{argv:?}");
        assert!(!done.truncated && !done.timed_out);
    }
}

#[test]
fn a_large_input_and_output_do_not_deadlock() {
    let text = "0123456789abcdef".repeat(64 * 1024);
    let done = Client::new().run(&["cat"], Some(&text), 30);
    assert_eq!(done.stdout.0.len(), text.len());
}

#[test]
fn more_output_than_the_limit_is_cut_off_and_said_so() {
    let count = (MAX_OUTPUT_BYTES + 10).to_string();
    let done = Client::new().run(&["head", "-c", &count, "/dev/zero"], None, 30);
    assert_eq!((done.exit, done.stdout.0.len()), (0, MAX_OUTPUT_BYTES));
    assert!(done.truncated);
}

#[test]
fn a_timeout_kills_the_program_and_its_children() {
    let started = Instant::now();
    let done = Client::new().run(&["sh", "-c", "echo begun; sleep 100 & sleep 100"], None, 1);
    assert!(done.timed_out);
    assert_eq!((done.exit, done.stdout.text()), (137, "begun\n".into()));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_process_left_behind_does_not_hold_up_the_answer() {
    let started = Instant::now();
    let done = Client::new().run(&["sh", "-c", "sleep 15 & echo done"], None, 60);
    assert_eq!((done.exit, done.stdout.text()), (0, "done\n".into()));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn answers_come_as_they_are_ready() {
    let mut client = Client::new();
    let sleep = Run {
        argv: vec!["sleep".to_owned(), "2".to_owned()],
        ..Run::default()
    };
    let slow = client.send(Operation::Run(sleep));
    let fast = client.send(Operation::Ping(Ping {}));
    for id in [fast, slow] {
        let Message::Answer(answer) = client.receive() else {
            panic!("a second hello");
        };
        assert_eq!(answer.id, id);
    }
}

#[test]
fn problems_are_answered_with_a_sentence() {
    let mut client = Client::new();
    let run = |argv: &[&str], context: Option<&str>| {
        Operation::Run(Run {
            argv: argv.iter().map(|s| (*s).to_owned()).collect(),
            context: context.map(str::to_owned),
            ..Run::default()
        })
    };
    let absent = ReadFile {
        path: "/nonexistent".to_owned(),
    };
    let cases = [
        (run(&[], None), "the request names no program"),
        (
            run(&["/nonexistent"], None),
            "failed to start /nonexistent: No such file",
        ),
        (
            run(&["/bin/true"], Some("no context")),
            "the kernel refuses the SELinux context `no context`: ",
        ),
        (
            Operation::ReadFile(absent),
            "failed to read /nonexistent: No such file",
        ),
    ];
    for (operation, expected) in cases {
        match client.call(operation) {
            Outcome::Failed { error } => assert!(error.starts_with(expected), "{error}"),
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[test]
fn garbage_between_requests_is_ignored() {
    let mut client = Client::new();
    client
        .requests
        .write_all(b"{\"id\":9,\"ru\n\0\xff\n\n")
        .unwrap();
    assert!(matches!(
        client.call(Operation::Ping(Ping {})),
        Outcome::Pong { .. }
    ));
}

#[test]
fn files_are_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"\0text").unwrap();
    let path = file.path().to_string_lossy().into_owned();
    match Client::new().call(Operation::ReadFile(ReadFile { path })) {
        Outcome::File(contents) => assert_eq!(contents.data.0, b"\0text"),
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn folders_are_listed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b", "a"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let path = folder.path().to_string_lossy().into_owned();
    match Client::new().call(Operation::List(List { path })) {
        Outcome::Listed { entries } => assert_eq!(entries, ["a", "b"]),
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn file_systems_have_a_size() {
    let path = "/".to_owned();
    match Client::new().call(Operation::FileSystem(FileSystem { path })) {
        Outcome::FileSystem { size } => assert!(size > 0),
        other => panic!("unexpected {other:?}"),
    }
}
