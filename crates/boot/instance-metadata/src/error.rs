//! Why a metadata service gave no answer.

/// Why a metadata service gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No runtime for the connection.
    #[error("failed to prepare for the network: {0}")]
    Runtime(#[source] std::io::Error),
    /// The service was not reached, or did not answer as it should, for as
    /// long as there was patience.
    #[error("{url} gave no answer within {seconds} s: {last}")]
    NoAnswer {
        /// What was asked for.
        url: String,
        /// How long it was tried.
        seconds: u64,
        /// What went wrong the last time.
        last: String,
    },
    /// The answer is one that does not change by asking again.
    #[error("{url} was answered with status {status}{}", hint(*status))]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status code.
        status: u16,
    },
    /// The answer is none that the service gives.
    #[error("{url}: {reason}")]
    Answer {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn hint(status: u16) -> &'static str {
    match status {
        403 => "; hint: is the metadata service of this instance turned off?",
        _ => "",
    }
}
