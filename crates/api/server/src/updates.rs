//! Updates of the OS. Another process in another domain (`updog act`) does them;
//! it is behind a socket, and leaves what the API tells in files beside it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::Request;
use crate::state::{State, blocking};

/// How long it may take to say whether an action begins.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes in that answer, and in each file.
const MAX_BYTES: usize = 64 * 1024;

/// Whether an action begins.
#[derive(Debug, Deserialize)]
struct Begun {
    code: u8,
    message: Option<String>,
}

/// `POST /actions/refresh-updates` and the others: the updater is told the name
/// of the action, and says whether it begins.
pub(crate) async fn act(
    state: &Arc<State>,
    request: &Request,
    action: &'static str,
) -> answer::Result {
    let begun = match timeout(ANSWER_TIMEOUT, ask(state, action)).await {
        Ok(answer) => answer,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    let begun =
        begun.map_err(|e| Failure::internal(format!("failed to reach the updater: {e}")))?;
    let status = match begun.code {
        0 => {
            audit(request, action, None, None, &[]);
            return answer::done();
        }
        64 => StatusCode::LOCKED,
        65 => StatusCode::CONFLICT,
        66 | 67 => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let message = begun.message.unwrap_or_else(|| "it failed".to_owned());
    Err(match message.split_once("; hint: ") {
        Some((message, hint)) => Failure::new(status, message).with_hint(hint),
        None => Failure::new(status, message),
    })
}

async fn ask(state: &State, action: &str) -> io::Result<Begun> {
    let mut stream = UnixStream::connect(state.config.updates.join("socket")).await?;
    stream.write_all(format!("{action}\n").as_bytes()).await?;
    let mut line = String::new();
    let mut limited = BufReader::new(stream.take(MAX_BYTES as u64));
    limited.read_line(&mut line).await?;
    if line.is_empty() {
        return Err(io::Error::other("it ended without an answer"));
    }
    Ok(serde_json::from_str(&line)?)
}

/// `GET /updates/status`
pub(crate) async fn status(state: &Arc<State>) -> answer::Result {
    let folder = state.config.updates.clone();
    blocking(move || {
        if is_busy(&folder)? {
            return Err(
                Failure::new(StatusCode::LOCKED, "an update action is not over yet")
                    .with_hint("GET /updates/progress tells how far it is"),
            );
        }
        match read(&folder.join("status.json"))? {
            Some(status) => answer::json(&status),
            None => Err(Failure::new(
                StatusCode::NOT_FOUND,
                "nothing was asked about updates since the boot",
            )
            .with_hint("POST /actions/refresh-updates looks for one")),
        }
    })
    .await
}

/// `GET /updates/progress`
pub(crate) async fn progress(state: &Arc<State>) -> answer::Result {
    let folder = state.config.updates.clone();
    blocking(move || {
        let running = is_busy(&folder)?;
        let mut progress = json!({ "running": running });
        if running && let Some(Value::Object(download)) = read(&folder.join("progress.json"))? {
            progress["download"] = download.into();
        }
        answer::json(&progress)
    })
    .await
}

/// Whether an updater works.
fn is_busy(folder: &Path) -> Result<bool, Failure> {
    let path = folder.join("lock");
    let file = match File::open(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => files::at("open", &path, file).map_err(|e| Failure::internal(e.to_string()))?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(Failure::internal(format!(
            "failed to lock {}: {e}",
            path.display()
        ))),
    }
}

/// A document that the updater left; `None` if there is none.
fn read(path: &Path) -> Result<Option<Value>, Failure> {
    let bytes = match files::read_limited(path, MAX_BYTES) {
        Err(e) if e.is_not_found() => return Ok(None),
        bytes => bytes.map_err(|e| Failure::internal(e.to_string()))?,
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|e| Failure::internal(format!("{} is damaged: {e}", path.display())))
}
