//! Google Compute Engine: the metadata server. Both sides name themselves in
//! a header, so that neither a forged request nor another server counts.

use std::net::SocketAddr;

use crate::http::{Question, Service};
use crate::{Error, LINK_LOCAL, Patience};

const USER_DATA_PATH: &str = "/computeMetadata/v1/instance/attributes/user-data";
const FLAVOR: (&str, &str) = ("Metadata-Flavor", "Google");

/// A client of the server.
#[derive(Debug)]
pub struct Gcp {
    service: Service,
}

impl Default for Gcp {
    fn default() -> Self {
        Self {
            service: Service {
                host: "metadata.google.internal".to_owned(),
                ..Service::at(&[LINK_LOCAL])
            },
        }
    }
}

impl Gcp {
    /// A client of a server that listens elsewhere, for tests.
    pub fn at(address: SocketAddr, patience: Patience) -> Self {
        let addresses = vec![address];
        Self {
            service: Service {
                addresses,
                patience,
                ..Self::default().service
            },
        }
    }

    /// The instance's attribute `user-data`; `None` if it has none.
    ///
    /// # Errors
    ///
    /// If the server gives no answer, or is not Google's.
    pub fn user_data(&self) -> Result<Option<Vec<u8>>, Error> {
        let question = Question::get(USER_DATA_PATH, &[FLAVOR]);
        let answer = self.service.ask(question)?;
        let flavor = answer.headers.get(FLAVOR.0);
        if flavor.is_none_or(|value| value != FLAVOR.1) {
            return Err(Error::Answer {
                url: self.service.url(USER_DATA_PATH),
                reason: format!("the answer has no header `{}: {}`", FLAVOR.0, FLAVOR.1),
            });
        }
        self.service.body(USER_DATA_PATH, answer)
    }
}
