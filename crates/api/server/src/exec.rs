//! Commands in host containers. Another process in another domain (`host-ctr session`)
//! runs them; it is behind a socket, and speaks with the client. What is done here is
//! the opening handshake of the WebSocket (RFC 6455, section 4.2), and to hand over
//! the bytes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::Request;
use crate::state::State;

/// How long the other process may take to begin.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(30);
/// The only version of the protocol.
const VERSION: &str = "13";
/// Bytes of a key, and of the answer to it.
const MAX_LINE: u64 = 128;

/// `GET /exec`
pub(crate) async fn open(state: &Arc<State>, request: &Request) -> answer::Result {
    let (Some(key), Some(upgrade)) = (key(&request.headers), request.upgrade.clone()) else {
        return Err(Failure::bad_request("this is no request for a WebSocket")
            .with_hint("apiclient exec CONTAINER COMMAND"));
    };
    let begun = match timeout(BEGIN_TIMEOUT, begin(state, key)).await {
        Ok(begun) => begun,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    let (session, accept) = begun
        .map_err(|e| Failure::internal(format!("failed to reach the container runtime: {e}")))?;
    audit(request, "exec", None, None, &[]);
    tokio::spawn(connect(upgrade, session));
    let mut response = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// The client's key, if it asks for a WebSocket of the version that there is.
fn key(headers: &HeaderMap) -> Option<&str> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_websocket = text(UPGRADE)?.eq_ignore_ascii_case("websocket");
    let is_upgrade = text(CONNECTION)?
        .split(',')
        .any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    let is_known = text(SEC_WEBSOCKET_VERSION)? == VERSION;
    let key = text(SEC_WEBSOCKET_KEY)?;
    // 16 bytes in base64; it becomes a line.
    let is_key = key.len() == 24 && key.bytes().all(|byte| byte.is_ascii_graphic());
    (is_websocket && is_upgrade && is_known && is_key).then_some(key)
}

/// Starts a session, and returns it with what is to be answered to the key.
async fn begin(state: &State, key: &str) -> io::Result<(BufReader<UnixStream>, HeaderValue)> {
    let mut session = BufReader::new(UnixStream::connect(&state.config.exec_socket).await?);
    session.write_all(format!("{key}\n").as_bytes()).await?;
    let mut accept = String::new();
    (&mut session).take(MAX_LINE).read_line(&mut accept).await?;
    match HeaderValue::from_str(accept.trim_end()) {
        Ok(value) if !value.is_empty() => Ok((session, value)),
        _ => Err(io::Error::other("it ended without an answer")),
    }
}

/// Hands over what either side says, until both have ended.
async fn connect(upgrade: OnUpgrade, mut session: BufReader<UnixStream>) {
    match upgrade.await {
        Ok(client) => {
            // That one of them is gone is what each of them finds out.
            let _ = copy_bidirectional(&mut TokioIo::new(client), &mut session).await;
        }
        Err(e) => tracing::info!("exec: the client has gone: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_asks_for_a_websocket_has_a_key() {
        let good = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let headers = |changed: Option<(&'static str, &'static str)>| -> HeaderMap {
            let kept = good
                .iter()
                .filter(|(name, _)| Some(*name) != changed.map(|c| c.0));
            let all = kept.copied().chain(changed);
            all.map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
        };
        assert_eq!(key(&headers(None)), Some("dGhlIHNhbXBsZSBub25jZQ=="));
        for bad in [
            ("connection", "close"),
            ("upgrade", "h2c"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "short"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j\tQ=="),
        ] {
            assert_eq!(key(&headers(Some(bad))), None, "{bad:?}");
        }
        assert_eq!(key(&HeaderMap::new()), None);
    }
}
