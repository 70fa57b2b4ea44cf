//! Connections: who is at the other end, and how long and how much they may
//! send.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use warp::reply::Response;

use crate::answer::Failure;
use crate::request::{Peer, wants_json};

/// A body that has arrived.
pub(crate) type Whole = Full<Bytes>;

/// Bytes in a body.
const MAX_BODY: usize = 1024 * 1024;

/// Connections at one time; further ones wait in the socket's queue.
const MAX_CONNECTIONS: usize = 128;

/// How long a client may take to send the head of a request, and how long a
/// connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// How long requests that are under way may take once the server is to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Takes connections until `shutdown` is ready, then ends those that are open.
pub(crate) async fn serve<S>(listener: UnixListener, routes: S, shutdown: impl Future<Output = ()>)
where
    S: Service<Request<Whole>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let mut shutdown = pin!(shutdown);
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        // Whoever has nothing more to say can still listen.
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT);
    loop {
        let accept = async {
            // Not an error: nobody closes the semaphore.
            let slot = Arc::clone(&slots).acquire_owned().await.ok();
            let (stream, _) = listener.accept().await?;
            Ok::<_, io::Error>((slot, Peer::of(&stream)?, stream))
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept => accepted,
        };
        let (slot, peer, stream) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                tracing::error!("failed to take a connection: {e}");
                // Out of file descriptors, most likely: let some be closed.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let routes = routes.clone();
        let service = service_fn(move |request| answer(request, peer.clone(), routes.clone()));
        let connection = http
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(e) = connection.await {
                tracing::debug!("connection ended: {e}");
            }
            drop(slot);
        });
    }
    // Whoever connects from now on waits for the next server.
    drop(listener);
    if timeout(STOP_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopping although some requests are still under way");
    }
}

async fn answer<S>(
    request: Request<Incoming>,
    peer: Peer,
    routes: S,
) -> Result<Response, Infallible>
where
    S: Service<Request<Whole>, Response = Response, Error = Infallible>,
{
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(peer.clone());
    match read(body).await {
        Ok(body) => routes.call(Request::from_parts(parts, body.into())).await,
        Err(failure) => {
            tracing::info!(%peer, "{} {} failed: {}", parts.method, parts.uri.path(), failure.message());
            Ok(failure.into_response(wants_json(&parts.headers)))
        }
    }
}

/// Reads a whole body, before anything is done with a part of it.
async fn read(body: Incoming) -> Result<Bytes, Failure> {
    match timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has more than {MAX_BODY} bytes"),
        )),
        Ok(Err(e)) => Err(Failure::bad_request(format!(
            "failed to read the body: {e}"
        ))),
        Err(_) => Err(Failure::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        )),
    }
}
