//! What the API of Bottlerocket has and this version does not: a client is told
//! so, rather than that there is no such path.

use hyper::StatusCode;

use crate::answer::{self, Failure};
use crate::operation::{Operation, Shape, now};

/// Reports on how the node is secured.
pub(crate) const fn reports(method: &'static str, path: &'static str) -> Operation {
    Operation {
        handler: |_, _| now(refuse("this version of the OS writes no reports")),
        ..operation(method, path)
    }
}

/// Disks that do not outlive the machine.
pub(crate) const fn ephemeral_storage(method: &'static str, path: &'static str) -> Operation {
    Operation {
        handler: |_, _| {
            now(refuse(
                "this version of the OS does not set up ephemeral storage",
            ))
        },
        ..operation(method, path)
    }
}

const fn operation(method: &'static str, path: &'static str) -> Operation {
    Operation {
        method,
        path,
        summary: "Not available in this version",
        query: &[],
        body: None,
        answer: Shape::Nothing,
        errors: &[501],
        handler: |_, _| now(refuse("this version of the OS does not do this")),
    }
}

fn refuse(sentence: &str) -> answer::Result {
    Err(Failure::new(StatusCode::NOT_IMPLEMENTED, sentence))
}
