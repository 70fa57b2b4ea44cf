//! What an operation of the API is. The table of all of them
//! ([`crate::operations`]) is what requests are matched against and what
//! `GET /openapi.json` is made of, so that the two cannot differ.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use crate::answer;
use crate::request::Request;
use crate::state::State;

/// An answer that is being worked out.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = answer::Result> + Send + 'a>>;

/// What answers a request.
pub(crate) type Handler = for<'a> fn(&'a Arc<State>, &'a Request) -> Answering<'a>;

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub method: &'static str,
    /// Parts in braces are parameters.
    pub path: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// The parameters of its query.
    pub query: &'static [Parameter],
    /// The body it wants.
    pub body: Option<Shape>,
    /// What it answers when all is well.
    pub answer: Shape,
    /// The codes it answers when not, besides 500.
    pub errors: &'static [u16],
    pub handler: Handler,
}

/// A parameter of a query.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub name: &'static str,
    pub description: &'static str,
    pub required: bool,
}

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No body; as an answer, 204.
    Nothing,
    /// A part of the tree under `settings`.
    Settings,
    /// Names, such as those of settings or transactions.
    Names,
    /// No more requests: as an answer, 101 and a WebSocket.
    WebSocket,
    /// An archive (tar, gzip).
    Archive,
    /// An object or a list that the named schema describes.
    Described(&'static str),
}

impl Operation {
    /// Whether a request is for this one.
    pub fn takes(&self, method: &str, path: &str) -> bool {
        let part = |(wanted, found): (&str, &str)| match wanted.starts_with('{') {
            true => !found.is_empty(),
            false => wanted == found,
        };
        self.method == method
            && self.path.split('/').count() == path.split('/').count()
            && self.path.split('/').zip(path.split('/')).all(part)
    }
}

/// An answer that is there already.
pub(crate) fn now<'a>(answer: answer::Result) -> Answering<'a> {
    Box::pin(ready(answer))
}
