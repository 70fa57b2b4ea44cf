//! A command in a container, for a client at the other end of a WebSocket: the far side
//! of the API's `GET /exec`. The API server hands over the bytes, and knows nothing of
//! what they say.

mod process;

use std::io;
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use exec_protocol::{
    CAPACITY_INTERVAL, Capacity, ClientMessage, HEARTBEAT, Initialize, MAX_OUTSTANDING, SILENCE,
    ServerMessage,
};
use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, interval, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tracing::{info, warn};

use crate::run::Places;
use process::{Process, Window};

/// Bytes of output in a message.
const PIECE: usize = 16 << 10;
/// Messages that may wait for the client to take them.
const AHEAD: usize = 16;
/// A key of a handshake has 24 bytes.
const MAX_KEY: u64 = 128;

type Socket = WebSocketStream<BufReader<UnixStream>>;

/// Serves the client at our standard input, which is a socket.
///
/// Before the WebSocket begins, the API server sends the client's `Sec-WebSocket-Key`
/// in a line, and is told in a line what to answer (RFC 6455, section 4.2.2).
pub(crate) async fn serve(places: &Places) -> Result<()> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let socket = std::os::unix::net::UnixStream::from(socket);
    socket.set_nonblocking(true)?;
    serve_on(places, UnixStream::from_std(socket)?).await
}

async fn serve_on(places: &Places, stream: UnixStream) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut key = String::new();
    let mut limited = (&mut stream).take(MAX_KEY);
    limited.read_line(&mut key).await.context("no key came")?;
    let accept = derive_accept_key(key.trim_end().as_bytes());
    stream.write_all(format!("{accept}\n").as_bytes()).await?;
    stream.flush().await?;
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let (sender, receiver) = mpsc::channel(AHEAD);
    let (sink, mut source) = socket.split();
    let writing = tokio::spawn(write(receiver, sink));
    let end = session(places, &mut source, &sender).await;
    info!("{}", end.reason);
    let _ = sender.send(Message::Close(Some(end))).await;
    drop(sender);
    // What the client was still saying is read, or it would not get to hear the end.
    // It may be gone, too.
    let closing = async {
        let _ = writing.await;
        while let Some(Ok(_)) = source.next().await {}
    };
    let _ = timeout_at(Instant::now() + SILENCE, closing).await;
    Ok(())
}

/// Sends what others have to say, and that we are there.
async fn write(
    mut messages: Receiver<Message>,
    mut sink: futures_util::stream::SplitSink<Socket, Message>,
) {
    let mut heartbeat = interval(HEARTBEAT);
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            _ = heartbeat.tick() => Some(Message::Ping(Bytes::new())),
        };
        let Some(message) = message else { break };
        let is_last = message.is_close();
        if sink.send(message).await.is_err() || is_last {
            break;
        }
    }
}

fn end(code: CloseCode, reason: impl Into<String>) -> CloseFrame {
    let mut reason: String = reason.into();
    // A frame has no room for more (RFC 6455, section 5.5).
    reason.truncate(reason.floor_char_boundary(123));
    CloseFrame {
        code,
        reason: reason.into(),
    }
}

/// Runs the command that the client asks for, to its end, and returns what is to be
/// said of that.
async fn session(
    places: &Places,
    source: &mut SplitStream<Socket>,
    sender: &Sender<Message>,
) -> CloseFrame {
    let _ = sender.send(capacity(0)).await;
    let wanted = match initialize(source).await {
        Ok(wanted) => wanted,
        Err(end) => return end,
    };
    info!(
        target = wanted.target,
        tty = wanted.tty.is_some(),
        "exec {:?}",
        wanted.command
    );
    let mut process = match Process::start(places, &wanted) {
        Ok(process) => process,
        Err(error) => return end(CloseCode::Error, applet::explain(&error)),
    };
    let (input, inputs) = mpsc::channel(MAX_OUTSTANDING as usize);
    let feeding = tokio::spawn(feed(inputs, process.input.take(), sender.clone()));
    let mut outputs = Vec::new();
    for output in process.outputs.drain(..) {
        outputs.push(tokio::spawn(forward(output, sender.clone())));
    }
    let window = process.window.clone();
    let ended = tokio::select! {
        status = process.wait() => match status {
            Ok(code) => {
                // What it wrote last is on its way; what it left behind may keep its
                // output open.
                let deadline = Instant::now() + HEARTBEAT;
                for output in &mut outputs {
                    let _ = timeout_at(deadline, output).await;
                }
                end(CloseCode::Normal, code.to_string())
            }
            Err(error) => end(CloseCode::Error, applet::explain(&error)),
        },
        end = listen(source, Some(input), &window) => end,
    };
    for task in outputs.iter().chain([&feeding]) {
        task.abort();
    }
    process.end().await;
    ended
}

/// The client's first word.
async fn initialize(source: &mut SplitStream<Socket>) -> Result<Initialize, CloseFrame> {
    let deadline = Instant::now() + SILENCE;
    loop {
        let Ok(Some(Ok(message))) = timeout_at(deadline, source.next()).await else {
            return Err(end(CloseCode::Policy, "no command came"));
        };
        match message {
            Message::Text(text) => match serde_json::from_str(text.as_str()) {
                Ok(ClientMessage::Initialize(wanted)) if !wanted.command.is_empty() => {
                    return Ok(wanted);
                }
                Ok(_) => return Err(end(CloseCode::Policy, "the first message names no command")),
                Err(error) => return Err(end(CloseCode::Invalid, error.to_string())),
            },
            Message::Binary(_) => {
                return Err(end(CloseCode::Policy, "input came before the command"));
            }
            Message::Close(_) => return Err(end(CloseCode::Normal, "the client has gone")),
            _ => {}
        }
    }
}

/// Takes what the client says, until it is gone or does what it may not.
async fn listen(
    source: &mut SplitStream<Socket>,
    mut input: Option<Sender<Bytes>>,
    window: &Window,
) -> CloseFrame {
    loop {
        let deadline = Instant::now() + SILENCE;
        let message = match timeout_at(deadline, source.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(_) => return end(CloseCode::Normal, "the client has gone"),
            Err(_) => return end(CloseCode::Normal, "the client is silent"),
        };
        match message {
            Message::Binary(bytes) => {
                use mpsc::error::TrySendError;
                match input.as_ref().map(|input| input.try_send(bytes)) {
                    // What the process no longer reads is nobody's.
                    Some(Ok(()) | Err(TrySendError::Closed(_))) | None => {}
                    Some(Err(TrySendError::Full(_))) => {
                        return end(CloseCode::Size, "too much input; obey the capacity");
                    }
                }
            }
            Message::Text(text) => match serde_json::from_str(text.as_str()) {
                Ok(ClientMessage::ContentComplete) => input = None,
                Ok(ClientMessage::Winch(size)) => window.resize(size),
                Ok(ClientMessage::Initialize(_)) => {
                    return end(CloseCode::Policy, "a command runs already");
                }
                Err(error) => return end(CloseCode::Invalid, error.to_string()),
            },
            Message::Close(_) => return end(CloseCode::Normal, "the client has gone"),
            _ => {}
        }
    }
}

fn capacity(messages_written: u64) -> Message {
    let message = ServerMessage::Capacity(Capacity {
        max_messages_outstanding: MAX_OUTSTANDING,
        messages_written,
    });
    // It is two numbers.
    Message::text(serde_json::to_string(&message).unwrap_or_default())
}

/// Gives a process its input.
async fn feed(
    mut pieces: Receiver<Bytes>,
    input: Option<process::Input>,
    sender: Sender<Message>,
) -> Option<()> {
    let mut input = input?;
    let mut written = 0;
    while let Some(piece) = pieces.recv().await {
        if let Err(error) = input.write(&piece).await {
            warn!("the command reads no more: {error}");
            return None;
        }
        written += 1;
        if written % CAPACITY_INTERVAL == 0 {
            let _ = sender.send(capacity(written)).await;
        }
    }
    input.finish().await;
    Some(())
}

/// Sends what a process writes.
async fn forward(
    mut output: Box<dyn AsyncRead + Send + Unpin>,
    sender: Sender<Message>,
) -> Option<()> {
    let mut piece = vec![0; PIECE];
    loop {
        // A terminal that nobody has open any more is an error.
        let length = output.read(&mut piece).await.unwrap_or(0);
        if length == 0 {
            return Some(());
        }
        let bytes = Bytes::copy_from_slice(&piece[..length]);
        if sender.send(Message::Binary(bytes)).await.is_err() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use exec_protocol::{Size, Tty};
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::*;
    use crate::run::IMAGE;

    /// Stands in for runc: the "container" is this machine.
    const RUNC: &str = "#!/bin/sh
while [ \"$1\" != exec ]; do shift; done; shift
while :; do case $1 in
    --pid-file) echo $$ >\"$2\"; shift 2;;
    --env) export \"$2\"; shift 2;;
    --tty) stty sane; shift;;
    *) break;;
esac; done
shift; exec \"$@\"
";

    struct Host {
        folder: tempfile::TempDir,
        places: Places,
    }

    fn host() -> Host {
        let folder = tempfile::tempdir().expect("a folder");
        let runc = folder.path().join("runc");
        std::fs::write(&runc, RUNC).expect("a script");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&runc, mode).expect("a mode");
        let run = folder.path().join("run");
        std::fs::create_dir_all(run.join("admin")).expect("a folder");
        std::fs::write(run.join("admin").join(IMAGE), "x").expect("a file");
        let store = folder.path().join("store");
        let places = Places { store, run, runc };
        Host { folder, places }
    }

    /// A client whose handshake is over.
    async fn client(host: &Host) -> Socket {
        serve_client(host).await.0
    }

    /// The same, with what serves it.
    async fn serve_client(host: &Host) -> (Socket, JoinHandle<Result<()>>) {
        let (ours, theirs) = UnixStream::pair().expect("a socket");
        let places = host.places.clone();
        let serving = tokio::spawn(async move { serve_on(&places, theirs).await });
        let mut stream = BufReader::new(ours);
        // Key and answer are those of RFC 6455, section 1.3.
        stream
            .write_all(b"dGhlIHNhbXBsZSBub25jZQ==\n")
            .await
            .expect("a key");
        let mut accept = String::new();
        stream.read_line(&mut accept).await.expect("an answer");
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n");
        let mut client = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        let first = client.next().await.expect("a message").expect("a message");
        assert_eq!(first, capacity(0));
        (client, serving)
    }

    async fn say(client: &mut Socket, message: &ClientMessage) {
        let text = serde_json::to_string(message).expect("JSON");
        client.send(Message::text(text)).await.expect("sent");
    }

    fn wanted(target: &str, command: &[&str], tty: Option<Tty>) -> ClientMessage {
        ClientMessage::Initialize(Initialize {
            command: command.iter().map(Into::into).collect(),
            target: target.to_owned(),
            tty,
        })
    }

    /// What came until the end, and the end.
    async fn rest(client: &mut Socket) -> (String, u64, CloseFrame) {
        let (mut output, mut written) = (Vec::new(), 0);
        let all = async {
            loop {
                match client.next().await.expect("a message").expect("a message") {
                    Message::Binary(bytes) => output.extend_from_slice(&bytes),
                    Message::Text(text) => {
                        let ServerMessage::Capacity(capacity) =
                            serde_json::from_str(&text).expect("a capacity");
                        written = capacity.messages_written;
                    }
                    Message::Close(end) => break end.expect("a reason"),
                    _ => {}
                }
            }
        };
        let end = timeout(Duration::from_secs(60), all).await.expect("an end");
        (String::from_utf8_lossy(&output).into_owned(), written, end)
    }

    #[tokio::test]
    async fn a_command_reads_writes_and_ends() {
        let host = host();
        let mut client = client(&host).await;
        let command = ["sh", "-c", "cat; echo error >&2; exit 7"];
        say(&mut client, &wanted("admin", &command, None)).await;
        for number in 0..200 {
            let line = format!("line {number}\n");
            client.send(Message::binary(line)).await.expect("sent");
        }
        say(&mut client, &ClientMessage::ContentComplete).await;
        let (output, written, end) = rest(&mut client).await;
        assert!(
            output.contains("line 0\n") && output.contains("line 199\n"),
            "{output}"
        );
        assert!(output.contains("error\n"), "{output}");
        assert_eq!((end.code, end.reason.as_str()), (CloseCode::Normal, "7"));
        assert_eq!(written, CAPACITY_INTERVAL);
        assert_eq!(
            std::fs::read_dir(host.folder.path().join("run/admin"))
                .expect("a folder")
                .count(),
            1
        );
    }

    #[tokio::test]
    async fn a_terminal_is_one_and_has_the_size_of_the_window() {
        let host = host();
        let mut client = client(&host).await;
        let size = Size { rows: 12, cols: 34 };
        let command = [
            "sh",
            "-c",
            "test -t 0 && stty size && read line && echo got $line",
        ];
        let tty = Some(Tty { size: Some(size) });
        say(&mut client, &wanted("admin", &command, tty)).await;
        // It reads lines from here on.
        loop {
            let message = client.next().await.expect("a message").expect("a message");
            if message.is_binary() {
                assert_eq!(message, Message::binary("12 34\r\n"));
                break;
            }
        }
        client.send(Message::binary("hello\r")).await.expect("sent");
        let (output, _, end) = rest(&mut client).await;
        assert!(output.contains("got hello"), "{output}");
        assert_eq!((end.code, end.reason.as_str()), (CloseCode::Normal, "0"));
    }

    #[tokio::test]
    async fn a_signal_is_128_and_its_number() {
        let host = host();
        let mut client = client(&host).await;
        say(
            &mut client,
            &wanted("admin", &["sh", "-c", "kill -9 $$"], None),
        )
        .await;
        assert_eq!(rest(&mut client).await.2.reason.as_str(), "137");
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused() {
        let host = host();
        let table = [
            (
                wanted("control", &["ls"], None),
                CloseCode::Error,
                "these run: admin",
            ),
            (
                wanted("../admin", &["ls"], None),
                CloseCode::Error,
                "no container",
            ),
            (wanted("admin", &[], None), CloseCode::Policy, "no command"),
            (
                ClientMessage::ContentComplete,
                CloseCode::Policy,
                "no command",
            ),
        ];
        for (message, code, reason) in table {
            let mut client = client(&host).await;
            say(&mut client, &message).await;
            let (_, _, end) = rest(&mut client).await;
            assert_eq!(end.code, code, "{message:?}");
            assert!(end.reason.as_str().contains(reason), "{}", end.reason);
        }
        for (message, code) in [
            (Message::text("{"), CloseCode::Invalid),
            (Message::binary("input"), CloseCode::Policy),
        ] {
            let mut client = client(&host).await;
            client.send(message).await.expect("sent");
            assert_eq!(rest(&mut client).await.2.code, code);
        }
    }

    #[tokio::test]
    async fn who_floods_is_cut_off_and_nothing_is_left_running() {
        let host = host();
        let (mut client, serving) = serve_client(&host).await;
        let command = ["sh", "-c", "echo $$; exec sleep 1000"];
        say(&mut client, &wanted("admin", &command, None)).await;
        let process = loop {
            let message = client.next().await.expect("a message").expect("a message");
            if message.is_binary() {
                let number = message.to_text().expect("a number").trim().to_owned();
                break std::path::Path::new("/proc").join(number);
            }
        };
        assert!(process.exists());
        let piece = vec![0; 4096];
        let flood = async {
            for _ in 0..2 * MAX_OUTSTANDING {
                if client.send(Message::binary(piece.clone())).await.is_err() {
                    break;
                }
            }
        };
        timeout(Duration::from_secs(60), flood)
            .await
            .expect("no end");
        assert_eq!(rest(&mut client).await.2.code, CloseCode::Size);
        drop(client);
        serving.await.expect("no panic").expect("served");
        assert!(!process.exists());
    }
}
