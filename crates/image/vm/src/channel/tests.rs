//! The channel against agents of our own making.

use std::io::BufRead;
use std::io::BufReader;

use dev_protocol::{Answer, Hello};

use super::*;

fn identity(boot: &str) -> Identity {
    Identity {
        protocol: dev_protocol::PROTOCOL,
        boot: boot.to_owned(),
        process: 1,
    }
}

/// An agent that treats each request as it is told to.
fn agent(mut treat: impl FnMut(Request, &mut UnixStream) + Send + 'static) -> Channel {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    thread::spawn(move || {
        let requests = BufReader::new(theirs.try_clone().unwrap());
        for line in requests
            .lines()
            .map_while(io::Result::ok)
            .filter(|l| !l.is_empty())
        {
            treat(dev_protocol::decode(line.as_bytes()).unwrap(), &mut theirs);
        }
    });
    Channel::over(ours).unwrap()
}

fn answer(socket: &mut UnixStream, id: u64, outcome: Outcome) {
    let answer = Message::Answer(Answer { id, outcome });
    socket.write_all(&dev_protocol::encode(&answer)).unwrap();
}

fn hello(socket: &mut UnixStream, boot: &str) {
    let hello = Message::Hello(Hello {
        hello: identity(boot),
    });
    socket.write_all(&dev_protocol::encode(&hello)).unwrap();
}

fn run(argv: &[&str], timeout_seconds: u64) -> Run {
    Run {
        argv: argv.iter().map(|&a| a.to_owned()).collect(),
        timeout_seconds: Some(timeout_seconds),
        ..Run::default()
    }
}

#[test]
fn a_ping_is_repeated_until_it_is_answered() {
    let (mut lost, mut greeted) = (2, false);
    let channel = agent(move |request, socket| {
        if lost > 0 {
            lost -= 1;
            return;
        }
        if !std::mem::replace(&mut greeted, true) {
            socket.write_all(b"\xff{\"id\":1,\n{}\n").unwrap();
            hello(socket, "b");
        }
        let pong = identity("b");
        answer(socket, request.id, Outcome::Pong { pong });
    });
    // The first answered ping is taken for lost in the restart that the hello
    // tells of; the next one is answered.
    assert_eq!(channel.wait(Duration::from_secs(20)).unwrap().boot, "b");
}

#[test]
fn a_belated_greeting_is_no_restart() {
    let channel = agent(|request, socket| match request.operation {
        Operation::Ping(_) => answer(
            socket,
            request.id,
            Outcome::Pong {
                pong: identity("b"),
            },
        ),
        _ => {
            hello(socket, "b");
            answer(socket, request.id, Outcome::Finished(Finished::default()));
        }
    });
    channel.wait(Duration::from_secs(20)).unwrap();
    assert_eq!(channel.run(run(&["x"], 20)).unwrap().exit, 0);
}

#[test]
fn answers_find_their_callers_in_any_order() {
    let mut held: Vec<(u64, String)> = Vec::new();
    let channel = agent(move |request, socket| {
        let Operation::Run(run) = request.operation else {
            panic!()
        };
        held.push((request.id, run.argv[0].clone()));
        if held.len() == 4 {
            for (id, name) in held.drain(..).rev() {
                let stdout = name.as_str().into();
                let finished = Finished {
                    stdout,
                    ..Finished::default()
                };
                answer(socket, id, Outcome::Finished(finished));
            }
        }
    });
    let callers: Vec<_> = (0..4)
        .map(|n| {
            let channel = channel.clone();
            thread::spawn(move || {
                let name = n.to_string();
                assert_eq!(channel.run(run(&[&name], 20)).unwrap().stdout.text(), name);
            })
        })
        .collect();
    callers.into_iter().for_each(|c| c.join().unwrap());
}

#[test]
fn failures_are_told_apart() {
    let channel = agent(|request, socket| {
        let Operation::Run(run) = request.operation else {
            panic!()
        };
        let finished = |exit| {
            Outcome::Finished(Finished {
                exit,
                stderr: "why\n".into(),
                ..Finished::default()
            })
        };
        match run.argv[0].as_str() {
            "fail" => answer(socket, request.id, finished(3)),
            "refuse" => answer(
                socket,
                request.id,
                Outcome::Failed {
                    error: "no".to_owned(),
                },
            ),
            "mistake" => answer(
                socket,
                request.id,
                Outcome::Probed {
                    verdict: Verdict::Ok,
                },
            ),
            "restart" => hello(socket, "b"),
            _ => socket.shutdown(std::net::Shutdown::Both).unwrap(),
        }
    });
    let cases = [
        ("fail", "`fail` exited with 3 in the node: why"),
        (
            "refuse",
            "the node's development agent could not run `refuse`: no",
        ),
        (
            "mistake",
            "the node's development agent could not run `mistake`: unexpected answer",
        ),
        ("restart", "the node restarted before it answered restart"),
        ("close", "the channel socket of QEMU: connection reset"),
        ("closed", "the channel socket of QEMU: broken pipe"),
    ];
    for (name, expected) in cases {
        let text = channel.output(&[name]).unwrap_err().to_string();
        assert!(text.starts_with(expected), "{name}: {text}");
    }
}

#[test]
fn silence_is_an_error_in_the_end() {
    let channel = agent(|_, _| {});
    let error = channel.wait(Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, Error::NoAnswer { .. }), "{error}");
}
