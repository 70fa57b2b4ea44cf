//! Every message survives its line, and nothing else is taken for a message.

use dev_protocol::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes)
}

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..20).prop_map(String::from_iter)
}

fn check() -> impl Strategy<Value = Check> {
    prop_oneof![
        text().prop_map(|path| Check::OpenRead { path }),
        text().prop_map(|path| Check::OpenWrite { path }),
        (text(), text()).prop_map(|(path, text)| Check::Write { path, text }),
        text().prop_map(|path| Check::Create { path }),
        text().prop_map(|path| Check::Unlink { path }),
        (text(), text()).prop_map(|(path, label)| Check::SetLabel { path, label }),
        text().prop_map(|path| Check::RemountRw { path }),
        text().prop_map(|path| Check::Connect { path }),
        any::<bool>().prop_map(|enforcing| Check::Setenforce { enforcing }),
        text().prop_map(|path| Check::LoadModule { path }),
        any::<i32>().prop_map(|pid| Check::Ptrace { pid }),
        (text(), any::<u32>(), any::<u32>()).prop_map(|(path, major, minor)| Check::MknodBlock {
            path,
            major,
            minor
        }),
        text().prop_map(|path| Check::Exec { path }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let run = (
        vec(text(), 0..4),
        option::of(text()),
        option::of(bytes()),
        option::of(any::<u64>()),
    );
    prop_oneof![
        run.prop_map(|(argv, context, stdin, timeout_seconds)| {
            Operation::Run(Run {
                argv,
                context,
                stdin,
                timeout_seconds,
            })
        }),
        (check(), option::of(text()))
            .prop_map(|(check, context)| Operation::Probe(Probe { check, context })),
        text().prop_map(|path| Operation::ReadFile(ReadFile { path })),
        text().prop_map(|path| Operation::List(List { path })),
        text().prop_map(|path| Operation::FileSystem(FileSystem { path })),
        Just(Operation::Ping(Ping {})),
    ]
}

fn identity() -> impl Strategy<Value = Identity> {
    (any::<u32>(), text(), any::<u32>()).prop_map(|(protocol, boot, process)| Identity {
        protocol,
        boot,
        process,
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let flags = (any::<bool>(), any::<bool>());
    prop_oneof![
        (any::<i32>(), bytes(), bytes(), flags).prop_map(
            |(exit, stdout, stderr, (truncated, timed_out))| {
                Outcome::Finished(Finished {
                    exit,
                    stdout,
                    stderr,
                    truncated,
                    timed_out,
                })
            }
        ),
        "ok|E[A-Z]{3,8}".prop_map(|name| Outcome::Probed {
            verdict: Verdict::from(name)
        }),
        (bytes(), any::<bool>())
            .prop_map(|(data, truncated)| Outcome::File(Contents { data, truncated })),
        vec(text(), 0..4).prop_map(|entries| Outcome::Listed { entries }),
        any::<u64>().prop_map(|size| Outcome::FileSystem { size }),
        identity().prop_map(|pong| Outcome::Pong { pong }),
        text().prop_map(|error| Outcome::Failed { error }),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        identity().prop_map(|hello| Message::Hello(Hello { hello })),
        (any::<u64>(), outcome()).prop_map(|(id, outcome)| Message::Answer(Answer { id, outcome })),
    ]
}

proptest! {
    #[test]
    fn requests_survive_their_line(id: u64, operation in operation()) {
        let request = Request { id, operation };
        prop_assert_eq!(decode::<Request>(&encode(&request)).unwrap(), request);
    }

    #[test]
    fn messages_survive_their_line(message in message()) {
        prop_assert_eq!(decode::<Message>(&encode(&message)).unwrap(), message);
    }

    #[test]
    fn a_message_is_one_line(message in message()) {
        let line = encode(&message);
        prop_assert_eq!(line.iter().position(|&b| b == b'\n'), Some(line.len() - 1));
    }

    #[test]
    fn lines_do_not_depend_on_how_the_stream_is_cut(
        lines in vec(vec(any::<u8>().prop_filter("line feed", |b| *b != b'\n'), 1..30), 0..6),
        cuts in vec(1..9usize, 1..30),
    ) {
        let stream: Vec<u8> = lines.iter().flat_map(|l| [l.as_slice(), b"\n"].concat()).collect();
        let (mut rest, mut found, mut reader) = (stream.as_slice(), Vec::new(), Lines::default());
        for cut in cuts.iter().cycle() {
            let (piece, tail) = rest.split_at((*cut).min(rest.len()));
            found.extend(reader.push(piece));
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, lines);
    }

    #[test]
    fn hostile_lines_are_refused_or_read_but_never_panic(line in vec(any::<u8>(), 0..200)) {
        let _ = decode::<Request>(&line);
        let _ = decode::<Message>(&line);
    }
}

#[test]
fn the_wire_form_is_fixed() {
    let cases: &[(&str, &str)] = &[
        (
            "request",
            r#"{"id":1,"run":{"argv":["/usr/bin/apiclient","get"],"stdin":"aGk="}}"#,
        ),
        (
            "request",
            r#"{"id":2,"probe":{"open-read":{"path":"/x"},"context":"u:r:t:s0"}}"#,
        ),
        ("request", r#"{"id":3,"ping":{}}"#),
        ("request", r#"{"id":4,"read-file":{"path":"/etc/motd"}}"#),
        ("request", r#"{"id":5,"list":{"path":"/usr/bin"}}"#),
        ("request", r#"{"id":6,"file-system":{"path":"/local"}}"#),
        ("message", r#"{"id":6,"size":4096}"#),
        ("message", r#"{"id":5,"entries":["apiclient"]}"#),
        (
            "message",
            r#"{"hello":{"protocol":1,"boot":"b","process":7}}"#,
        ),
        (
            "message",
            r#"{"id":1,"exit":0,"stdout":"aGk=","stderr":""}"#,
        ),
        (
            "message",
            r#"{"id":1,"exit":137,"stdout":"","stderr":"","timed-out":true}"#,
        ),
        ("message", r#"{"id":2,"verdict":"EACCES"}"#),
        ("message", r#"{"id":1,"error":"no such program"}"#),
    ];
    for (kind, line) in cases {
        let again = match *kind {
            "request" => encode(&decode::<Request>(line.as_bytes()).unwrap()),
            _ => encode(&decode::<Message>(line.as_bytes()).unwrap()),
        };
        assert_eq!(String::from_utf8(again).unwrap().trim_end(), *line);
    }
}

#[test]
fn lines_that_are_no_requests_are_refused() {
    let cases = [
        ("empty", ""),
        ("no json", "[    1.000000] Linux version 6.12"),
        ("torn", r#"{"id":1,"run":{"argv":["#),
        ("no id", r#"{"ping":{}}"#),
        ("negative id", r#"{"id":-1,"ping":{}}"#),
        ("no operation", r#"{"id":1}"#),
        ("unknown operation", r#"{"id":1,"reboot":{}}"#),
        (
            "unknown field",
            r#"{"id":1,"run":{"argv":[],"shell":true}}"#,
        ),
        (
            "unknown check",
            r#"{"id":1,"probe":{"open-sesame":{"path":"/"}}}"#,
        ),
        (
            "bad base64",
            r#"{"id":1,"run":{"argv":["/x"],"stdin":"*"}}"#,
        ),
    ];
    for (name, line) in cases {
        assert!(decode::<Request>(line.as_bytes()).is_err(), "{name}");
    }
}

#[test]
fn an_overlong_line_is_dropped_and_the_next_one_is_read() {
    let mut lines = Lines::default();
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..(MAX_LINE_BYTES / piece.len() + 1) {
        assert!(lines.push(&piece).is_empty());
    }
    assert_eq!(lines.push(b"xx\n\nnext\nrest"), vec![b"next".to_vec()]);
}

#[test]
fn only_permission_errors_count_as_denied() {
    let cases = [
        ("ok", false),
        ("EACCES", true),
        ("EPERM", true),
        ("EROFS", false),
        ("ENOENT", false),
    ];
    for (name, denied) in cases {
        assert_eq!(Verdict::from(name.to_owned()).is_denied(), denied, "{name}");
    }
}
