//! Microsoft Azure: the Instance Metadata Service.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::{Question, Service};
use crate::{Error, LINK_LOCAL, Patience};

const USER_DATA_PATH: &str =
    "/metadata/instance/compute/userData?api-version=2021-01-01&format=text";

/// A client of the service.
#[derive(Debug)]
pub struct Azure {
    service: Service,
}

impl Default for Azure {
    fn default() -> Self {
        Self {
            service: Service::at(&[LINK_LOCAL]),
        }
    }
}

impl Azure {
    /// A client of a service that listens elsewhere, for tests.
    pub fn at(address: SocketAddr, patience: Patience) -> Self {
        Self {
            service: Service::chosen(address, patience),
        }
    }

    /// The virtual machine's user data, without the base64 that Azure wants
    /// around it; `None` if it has none. (Custom data, the older kind, is not
    /// what this service hands out.)
    ///
    /// # Errors
    ///
    /// If the service gives no answer, or one that is not base64.
    pub fn user_data(&self) -> Result<Option<Vec<u8>>, Error> {
        let question = Question::get(USER_DATA_PATH, &[("Metadata", "true")]);
        let answer = self.service.ask(question)?;
        let Some(encoded) = self.service.body(USER_DATA_PATH, answer)? else {
            return Ok(None);
        };
        let decoded = STANDARD.decode(encoded.trim_ascii());
        let bytes = decoded.map_err(|e| Error::Answer {
            url: self.service.url(USER_DATA_PATH),
            reason: format!("the answer is not base64: {e}"),
        })?;
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}
