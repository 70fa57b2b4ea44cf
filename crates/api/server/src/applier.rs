//! The settings applier, which renders configuration files and restarts
//! services. It is another process in another domain, behind a socket: one
//! line with the changed keys goes there, one document with the outcome comes
//! back, perhaps minutes later.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use settings_model::Key;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::Request;
use crate::state::State;
use crate::transactions::prefixed;

/// How long the applier may take to take a request.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take to apply it: services are restarted one by one.
const APPLY_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Bytes in its answer.
const MAX_ANSWER: u64 = 1024 * 1024;

/// `POST /tx/apply`
pub(crate) async fn apply(state: &Arc<State>, request: &Request) -> answer::Result {
    let keys = request.parameters()?.keys()?;
    start(state, keys.as_deref()).await?;
    audit(
        request,
        "applied",
        None,
        None,
        keys.as_deref().unwrap_or_default(),
    );
    answer::done()
}

/// Hands keys to the applier, or everything where there are none, and goes on
/// waiting for its answer in the background.
pub(crate) async fn start(state: &Arc<State>, keys: Option<&[Key]>) -> Result<(), Failure> {
    let keys = json!(keys.map(prefixed));
    let request = format!("{}\n", json!({ "keys": keys }));
    let sent = match timeout(SEND_TIMEOUT, send(state, &request)).await {
        Ok(sent) => sent,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    let stream = sent.map_err(|e| {
        Failure::internal(format!(
            "failed to reach the settings applier at {}: {e}",
            state.config.applier_socket.display()
        ))
    })?;
    let state = Arc::clone(state);
    tokio::spawn(async move {
        let outcome = match timeout(APPLY_TIMEOUT, receive(stream)).await {
            Ok(outcome) => outcome,
            Err(_) => Err("it did not answer in time".to_owned()),
        };
        if let Err(e) = &outcome {
            tracing::error!("the settings applier failed: {e}");
        }
        let time = settings_store::rfc3339(SystemTime::now());
        state.status().applied(time, keys, outcome);
    });
    Ok(())
}

async fn send(state: &State, request: &str) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(&state.config.applier_socket).await?;
    stream.write_all(request.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(stream)
}

async fn receive(stream: UnixStream) -> Result<Value, String> {
    let mut answer = Vec::new();
    let mut limited = stream.take(MAX_ANSWER + 1);
    match limited.read_to_end(&mut answer).await {
        Err(e) => Err(format!("failed to read its answer: {e}")),
        Ok(_) if answer.is_empty() => Err("it ended without an answer".to_owned()),
        Ok(_) if answer.len() as u64 > MAX_ANSWER => Err("its answer is too long".to_owned()),
        Ok(_) => match settings_model::json::parse(&answer) {
            Ok(answer @ Value::Object(_)) => Ok(answer),
            Ok(_) => Err("its answer is not an object".to_owned()),
            Err(e) => Err(format!("failed to read its answer: {e}")),
        },
    }
}
