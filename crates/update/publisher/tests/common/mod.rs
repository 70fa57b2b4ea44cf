//! What the program is to do, and what not.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::process::Command;

/// It does what it is told.
pub fn ok(publisher: &mut Command) {
    let output = publisher.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{publisher:?}: {errors}");
}

/// It does not, and says why. Returns all that it says.
pub fn refused(publisher: &mut Command, reason: &str) -> String {
    let output = publisher.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{publisher:?}: {errors}");
    assert!(errors.contains(reason), "{publisher:?}: {errors}");
    errors
}
