//! Which request goes where.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::service::Service;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::service::TowerToHyperService;
use warp::Filter;
use warp::path::FullPath;
use warp::reply::Response;

use crate::answer::{Failure, empty};
use crate::connection::Whole;
use crate::operation::Operation;
use crate::operations;
use crate::request::{Peer, Request};
use crate::state::State;

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
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::body::bytes())
        .then(
            move |method: Method,
                  path: FullPath,
                  query: String,
                  headers: HeaderMap,
                  peer: Peer,
                  upgrade: Option<OnUpgrade>,
                  body: Bytes| {
                let request = Request {
                    peer,
                    method,
                    path: path.as_str().to_owned(),
                    query,
                    headers,
                    upgrade,
                    body,
                };
                finish(Arc::clone(&state), request)
            },
        );
    TowerToHyperService::new(warp::service(plain))
}

/// Answers in a task of its own: what has begun is done and logged to its end,
/// even if the client hangs up.
async fn finish(state: Arc<State>, request: Request) -> Response {
    let as_json = request.wants_json();
    match tokio::spawn(dispatch(state, request)).await {
        Ok(response) => response,
        Err(e) => {
            Failure::internal(format!("the request was cut short: {e}")).into_response(as_json)
        }
    }
}

async fn dispatch(state: Arc<State>, request: Request) -> Response {
    let wanted = |operation: &&Operation| operation.takes(request.method.as_str(), &request.path);
    let Some(operation) = operations::all().find(wanted) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let result = (operation.handler)(&state, &request).await;
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

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use hyper::header::{CONTENT_TYPE, HeaderValue};
    use serde_json::json;
    use settings_model::Model;
    use settings_render::Declarations;
    use settings_store::{Image, Store};

    use super::*;
    use crate::Config;
    use crate::os::Os;

    async fn ask(state: &Arc<State>, uid: u32, line: &str, body: &str) -> (u16, String) {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let json = HeaderValue::from_static("application/json");
        let request = Request {
            peer: Peer {
                uid,
                gid: 274,
                pid: Some(1),
                label: None,
            },
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
            upgrade: None,
            body: body.to_owned().into(),
        };
        let response = dispatch(Arc::clone(state), request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.into()).unwrap())
    }

    fn state(folder: &std::path::Path) -> Arc<State> {
        let os = Os {
            arch: "x",
            build_id: "x".into(),
            pretty_name: "x".into(),
            variant_id: "x".into(),
            version_id: "1.0.0".into(),
        };
        let image = Image::new(Model::complete(), json!({}));
        let store = Store::open(folder, &os.version_id, image).unwrap();
        let config = Config {
            datastore: folder.to_owned(),
            os_release: folder.join("none"),
            variant: folder.join("none"),
            applier_socket: folder.join("none"),
            updates: folder.join("updates"),
            exec_socket: folder.join("exec"),
            logs_socket: folder.join("logs"),
            systemctl: "/bin/true".into(),
        };
        let declarations = Declarations::new(json!({})).unwrap();
        Arc::new(State::new(store, os, declarations, config))
    }

    #[tokio::test]
    async fn root_may_do_more_than_others() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path());
        let motd = r#"{"motd": "a"}"#;
        let problem = r#"{"source": "early-boot-config", "message": "line 1: bad"}"#;
        for (line, body, user, root) in [
            ("PATCH /settings", motd, 204, 204),
            ("PATCH /settings?layer=api", motd, 204, 204),
            ("PATCH /settings?layer=user-data", motd, 403, 204),
            ("PATCH /settings?layer=generated", motd, 403, 204),
            ("PATCH /settings?layer=generated", "{", 403, 400),
            ("POST /status/problem", problem, 403, 204),
            ("POST /status/stage", r#"{"stage": "configured"}"#, 403, 204),
            ("POST /status/stage", r#"{"stage": "over"}"#, 403, 400),
            ("POST /tx/commit", "", 200, 422),
            ("GET /status", "", 200, 200),
            ("POST /actions/reboot", "", 204, 204),
        ] {
            for (uid, expected) in [(1000, user), (0, root)] {
                let (status, answer) = ask(&state, uid, line, body).await;
                assert_eq!(status, expected, "uid {uid}: {line}: {answer}");
            }
        }
        let (_, status) = ask(&state, 1000, "GET /status", "").await;
        assert!(status.contains(r#""stage":"configured""#), "{status}");
        let (_, refused) = ask(&state, 1, "PATCH /settings?layer=user-data", motd).await;
        assert_eq!(refused, "the layer `user-data` is for root only");
        let (_, refused) = ask(&state, 1, "POST /status/problem", problem).await;
        assert_eq!(refused, "reporting a problem is for root only");
    }

    #[tokio::test]
    async fn reported_problems_make_the_node_degraded() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path());
        let large = json!({"source": "a", "message": "b".repeat(4097)}).to_string();
        for (body, expected) in [
            (r#"{"source": "a"}"#, "missing field `message`"),
            (
                r#"{"source": "a", "message": "b", "c": 1}"#,
                "unknown field `c`, expected `source` or `message`",
            ),
            (
                r#"{"source": " ", "message": "b"}"#,
                "`source` must be text of 1 to 64 bytes",
            ),
            (
                r#"{"source": "a", "message": "\u0000"}"#,
                "`message` must be text of 1 to 4096 bytes",
            ),
            (&large, "`message` must be text of 1 to 4096 bytes"),
        ] {
            let answer = ask(&state, 0, "POST /status/problem", body).await;
            assert_eq!(answer, (400, expected.to_owned()));
        }
        for n in 0..32 {
            let body = json!({"source": "a", "message": n.to_string()}).to_string();
            // Said again it does not count again.
            for _ in 0..2 {
                assert_eq!(ask(&state, 0, "POST /status/problem", &body).await.0, 204);
            }
        }
        let body = r#"{"source": "a", "message": "one too many"}"#;
        assert_eq!(ask(&state, 0, "POST /status/problem", body).await.0, 429);
        let (_, status) = ask(&state, 1000, "GET /status", "").await;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["degraded"], true);
        assert_eq!(status["reasons"][31], "a: 31");
    }

    #[tokio::test]
    async fn reading_waits_for_no_commit() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path());
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let commit = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                // As long as a disk takes.
                let work = move |_: &mut Store| {
                    let _ = (begin.send(()), finished.recv());
                    Ok(())
                };
                state.with_store(work).await.unwrap();
            }
        });
        begun.await.unwrap();
        // Behind these is another process, which is not here.
        let elsewhere = ["/exec", "/report/logs"];
        let reads = operations::all().filter(|operation| operation.method == "GET");
        for operation in reads.filter(|operation| !elsewhere.contains(&operation.path)) {
            let line = format!("GET {}?keys=motd", operation.path);
            let (status, answer) = ask(&state, 0, &line, "").await;
            // There is no updater here.
            assert!([200, 404, 501].contains(&status), "{line}: {answer}");
        }
        assert!(!commit.is_finished());
        drop(finish);
        commit.await.unwrap();
    }
}
