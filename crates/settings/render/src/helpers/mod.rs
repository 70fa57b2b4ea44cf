//! What templates can do with values.

mod lines;

use minijinja::{Environment, Error, ErrorKind};

/// Makes the helpers known to templates.
pub fn add_to(environment: &mut Environment<'_>) {
    lines::add_to(environment);
}

/// The error of a helper. The reason must not hold the value.
fn refuse<T>(reason: &'static str) -> Result<T, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, reason))
}
