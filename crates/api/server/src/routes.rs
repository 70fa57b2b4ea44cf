//! Which request goes where.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::service::Service;
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::service::TowerToHyperService;
use warp::Filter;
use warp::path::FullPath;
use warp::reply::Response;

use crate::answer::empty;
use crate::connection::Whole;
use crate::request::{Peer, Request};
use crate::state::State;
use crate::{applier, os, overview, power, settings, status, transactions};

/// The routes as a service for requests that carry their [`Peer`].
///
/// All plain requests are one filter and are told apart by method and path:
/// with a filter for each, an error in a body or a parameter would be a
/// rejection, after which warp asks the other routes.
pub(crate) fn service(
    state: Arc<State>,
) -> impl Service<hyper::Request<Whole>, Response = Response, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let plain = warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Peer>())
        .and(warp::body::bytes())
        .then(
            move |method: Method,
                  path: FullPath,
                  query: String,
                  headers: HeaderMap,
                  peer: Peer,
                  body: Bytes| {
                let request = Request {
                    peer,
                    method,
                    path: path.as_str().to_owned(),
                    query,
                    headers,
                    body,
                };
                dispatch(Arc::clone(&state), request)
            },
        );
    TowerToHyperService::new(warp::service(plain))
}

pub(crate) async fn dispatch(state: Arc<State>, request: Request) -> Response {
    let (state, request) = (&state, &request);
    let result = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/") => overview::get(state, request),
        ("GET", "/settings") => settings::get(state, request),
        ("PATCH", "/settings") => settings::patch(state, request).await,
        ("GET", "/tx") => transactions::get(state, request).await,
        ("DELETE", "/tx") => transactions::delete(state, request).await,
        ("GET", "/tx/list") => transactions::list(state).await,
        ("POST", "/tx/commit") => transactions::commit(state, request).await,
        ("POST", "/tx/apply") => applier::apply(state, request).await,
        ("POST", "/tx/commit_and_apply") => transactions::commit_and_apply(state, request).await,
        ("GET", "/os") => os::get(state, request),
        ("GET", "/status") => status::get(state),
        ("POST", "/status/problem") => status::report(state, request),
        ("POST", "/actions/reboot") => power::reboot(state, request).await,
        _ => return empty(StatusCode::NOT_FOUND),
    };
    result.unwrap_or_else(|failure| {
        tracing::info!(
            peer = %request.peer,
            "{} {} failed: {}",
            request.method,
            request.path,
            failure.message()
        );
        failure.into_response(request.wants_json())
    })
}
