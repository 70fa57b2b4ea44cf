//! Running a command in a container of the node.

mod capacity;
mod terminal;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use exec_protocol::{ClientMessage, HEARTBEAT, Initialize, PATH, SILENCE, ServerMessage, Tty};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error as WebSocketError, Message};

use crate::failure::Failure;
use capacity::Capacity;
use terminal::Raw;

/// Bytes of input in a message.
const PIECE: usize = 4096;
/// Messages that may wait to be sent.
const AHEAD: usize = 16;

/// Runs a command in a host container.
///
/// Exit code: that of the command, or 128 and the number of the signal that ended it;
/// 1 if it could not be run.
#[derive(Debug, Args)]
pub struct Exec {
    /// Give it a terminal [default: if there is one here]
    #[arg(short, long, overrides_with = "no_tty")]
    tty: bool,
    /// Give it no terminal
    #[arg(short = 'T', long, overrides_with = "tty")]
    no_tty: bool,
    /// The container, such as admin
    target: String,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Exec {
    /// Runs it, and returns its exit code.
    pub fn run(self, socket: &Path) -> Result<ExitCode, Failure> {
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let with_terminal = match (self.tty, self.no_tty) {
            (true, _) => true,
            (_, true) => false,
            _ => is_terminal,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::new(format!("failed to start: {e}")))?;
        let done = runtime.block_on(session(self, with_terminal, socket));
        // Somebody may still be waiting for what is typed here.
        runtime.shutdown_background();
        let end = done?;
        match (end.code, end.reason.parse::<u8>()) {
            (CloseCode::Normal, Ok(code)) => Ok(ExitCode::from(code)),
            _ => Err(Failure::new(match end.reason.as_str() {
                "" => "the connection ended without an exit code".to_owned(),
                reason => reason.to_owned(),
            })),
        }
    }
}

async fn session(exec: Exec, with_terminal: bool, socket: &Path) -> Result<CloseFrame, Failure> {
    let stream = UnixStream::connect(socket).await;
    let stream = stream.map_err(|source| apiclient::Error::Connect {
        socket: socket.to_owned(),
        source,
    })?;
    let (websocket, _) = client_async(format!("ws://localhost{PATH}"), stream)
        .await
        .map_err(refused)?;
    let (mut sink, mut source) = websocket.split();
    let first = ClientMessage::Initialize(Initialize {
        command: exec.command,
        target: exec.target,
        tty: with_terminal.then(|| Tty {
            size: terminal::size(),
        }),
    });
    sink.send(text(&first)).await.map_err(broken)?;
    // What is typed is for the other side, to the last key.
    let _raw = with_terminal.then(Raw::enter).flatten();

    let capacity = Capacity::default();
    let (sender, mut messages) = mpsc::channel::<Message>(AHEAD);
    tokio::spawn(read_input(sender.clone(), capacity.clone()));
    let writing = async move {
        while let Some(message) = messages.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    };
    tokio::spawn(writing);

    let mut heartbeat = interval(HEARTBEAT);
    let mut resized = signal(SignalKind::window_change()).map_err(failed)?;
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            message = source.next() => message,
            _ = sleep_until(heard + SILENCE) => {
                return Err(Failure::new("the node does not answer any more"));
            }
            _ = heartbeat.tick() => {
                // A full queue is a sign of life, too.
                let _ = sender.try_send(Message::Ping(Bytes::new()));
                continue;
            }
            _ = resized.recv() => {
                if let Some(size) = terminal::size().filter(|_| with_terminal) {
                    let _ = sender.send(text(&ClientMessage::Winch(size))).await;
                }
                continue;
            }
        };
        heard = Instant::now();
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                let mut output = io::stdout().lock();
                output
                    .write_all(&bytes)
                    .and_then(|()| output.flush())
                    .map_err(failed)?;
            }
            Some(Ok(Message::Text(message))) => {
                if let Ok(ServerMessage::Capacity(new)) = serde_json::from_str(message.as_str()) {
                    capacity.set(new);
                }
            }
            Some(Ok(Message::Close(Some(end)))) => return Ok(end),
            Some(Ok(Message::Close(None))) | None => {
                return Err(Failure::new("the connection ended without an exit code"));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(broken(error)),
        }
    }
}

/// Sends what is typed, as fast as it is taken.
async fn read_input(sender: mpsc::Sender<Message>, mut capacity: Capacity) {
    let mut input = tokio::io::stdin();
    let mut piece = vec![0; PIECE];
    loop {
        capacity.wait().await;
        let length = input.read(&mut piece).await.unwrap_or(0);
        let message = match length {
            0 => text(&ClientMessage::ContentComplete),
            _ => Message::Binary(Bytes::copy_from_slice(&piece[..length])),
        };
        if sender.send(message).await.is_err() || length == 0 {
            return;
        }
    }
}

fn text(message: &ClientMessage) -> Message {
    // It has no part that JSON cannot say.
    Message::text(serde_json::to_string(message).unwrap_or_default())
}

fn failed(error: io::Error) -> Failure {
    Failure::new(error.to_string())
}

fn broken(error: WebSocketError) -> Failure {
    Failure::new(format!("the connection broke: {error}"))
}

/// Why there was no WebSocket: the server's own words, if it has some.
fn refused(error: WebSocketError) -> Failure {
    let WebSocketError::Http(response) = &error else {
        return broken(error);
    };
    let body = response.body().as_deref().unwrap_or_default();
    let status = response.status();
    match String::from_utf8_lossy(body).trim() {
        "" => Failure::new(format!("the API refused (GET {PATH}: {status})")),
        text => Failure::new(format!("{text} (GET {PATH}: {status})")),
    }
}
