//! What goes back: a result, or why there is none.

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use settings_store::Error as StoreError;
use warp::reply::Response;

/// The outcome of a request.
pub(crate) type Result = std::result::Result<Response, Failure>;

/// Why a request was not done.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// `message` is a sentence without a full stop.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Failure {
        Failure {
            status,
            message: message.into(),
            hint: None,
        }
    }

    /// The request is wrong: 400.
    pub fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::BAD_REQUEST, message)
    }

    /// The server cannot do it: 500.
    pub fn internal(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// Adds what to do instead.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// As an answer, in the form the client asked for.
    pub fn into_response(self, as_json: bool) -> Response {
        if as_json {
            let mut body = serde_json::json!({ "error": self.message });
            if let Some(hint) = self.hint {
                body["hint"] = hint.into();
            }
            return with_body(self.status, "application/json", body.to_string());
        }
        let body = match self.hint {
            Some(hint) => format!("{}\nhint: {hint}", self.message),
            None => self.message,
        };
        with_body(self.status, "text/plain; charset=utf-8", body)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let status = match &error {
            StoreError::Settings(_) | StoreError::Key(_) => StatusCode::BAD_REQUEST,
            StoreError::UnknownKey(_) => StatusCode::BAD_REQUEST,
            StoreError::NothingPending(_) => StatusCode::UNPROCESSABLE_ENTITY,
            StoreError::NoGeneration(_) => StatusCode::NOT_FOUND,
            StoreError::TooManyTransactions(_) => StatusCode::TOO_MANY_REQUESTS,
            StoreError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            StoreError::Version(_)
            | StoreError::InUse(_)
            | StoreError::Migration(_)
            | StoreError::Damaged { .. }
            | StoreError::Disk(_)
            | StoreError::Encode(..) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut failure = Failure::new(status, error.to_string());
        if let StoreError::Settings(e) = &error {
            failure.hint = e.hint().map(str::to_owned);
        }
        failure
    }
}

/// 200 with a JSON body.
pub(crate) fn json(body: &impl Serialize) -> Result {
    match serde_json::to_string(body) {
        Ok(text) => Ok(json_text(text)),
        Err(e) => Err(Failure::internal(format!(
            "failed to write the answer as JSON: {e}"
        ))),
    }
}

/// 200 with a body that is JSON already.
pub(crate) fn json_text(text: impl Into<Bytes>) -> Response {
    with_body(StatusCode::OK, "application/json", text)
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(String::new().into());
    *response.status_mut() = status;
    response
}

/// 204.
pub(crate) fn done() -> Result {
    Ok(empty(StatusCode::NO_CONTENT))
}

fn with_body(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into().into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
