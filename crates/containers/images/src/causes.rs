//! What is behind an error of a library, which says itself only that there is one.

use std::error::Error;
use std::io;
use std::iter::successors;

type Cause<'a> = &'a (dyn Error + 'static);

fn all(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    successors(Some(error), |error| cause(*error))
}

fn cause(error: Cause<'_>) -> Option<Cause<'_>> {
    match error.downcast_ref::<io::Error>() {
        // It is its own cause, and has another one in it.
        Some(outer) => outer.get_ref().map(|inner| inner as Cause<'_>),
        None => error.source(),
    }
}

/// An error and its causes, each said once.
pub(crate) fn text(error: &(dyn Error + 'static)) -> String {
    all(error).fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        match text.as_str() {
            "" => cause,
            _ if text.contains(&cause) => text,
            _ => format!("{text}: {cause}"),
        }
    })
}

/// Whether the other side is not who it should be: asking again changes nothing.
pub(crate) fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    all(error).any(|cause| cause.is::<rustls::Error>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_through_errors_of_io() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::other(io::Error::other(tls));
        assert!(is_of_tls(&error));
        assert!(text(&error).contains("UnknownIssuer"));
        assert!(!is_of_tls(&io::Error::other("broken")));
    }
}
