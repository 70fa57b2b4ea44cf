//! Reports on the node, which other processes in other domains make.

use std::sync::Arc;

use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use serde_json::json;
use tokio::net::UnixStream;
use tokio_util::io::ReaderStream;
use warp::Reply;

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::Request;
use crate::state::State;

/// `GET /report`
pub(crate) fn list() -> answer::Result {
    answer::json(&json!([
        {"name": "logs", "description": "Logs and facts about the node, without secrets"},
    ]))
}

/// `GET /report/logs`: passes on what `logdog` collects, as it comes.
pub(crate) async fn logs(state: &Arc<State>, request: &Request) -> answer::Result {
    let stream = UnixStream::connect(&state.config.logs_socket)
        .await
        .map_err(|e| Failure::internal(format!("failed to reach what collects logs: {e}")))?;
    audit(request, "logs", None, None, &[]);
    let mut response = warp::reply::stream(ReaderStream::new(stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    let name = HeaderValue::from_static("attachment; filename=\"bottlerocket-logs.tar.gz\"");
    headers.insert(CONTENT_DISPOSITION, name);
    Ok(response)
}
