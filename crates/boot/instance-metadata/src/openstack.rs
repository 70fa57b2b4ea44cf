//! OpenStack: the metadata service of Nova.

use std::net::SocketAddr;

use crate::http::{Question, Service};
use crate::{Error, LINK_LOCAL, Patience};

const USER_DATA_PATH: &str = "/openstack/latest/user_data";

/// A client of the service.
#[derive(Debug)]
pub struct OpenStack {
    service: Service,
}

impl Default for OpenStack {
    fn default() -> Self {
        Self {
            service: Service::at(&[LINK_LOCAL]),
        }
    }
}

impl OpenStack {
    /// A client of a service that listens elsewhere, for tests.
    pub fn at(address: SocketAddr, patience: Patience) -> Self {
        Self {
            service: Service::chosen(address, patience),
        }
    }

    /// The instance's user data, as it was given; `None` if none was.
    ///
    /// # Errors
    ///
    /// If the service gives no answer, or one that it should not give.
    pub fn user_data(&self) -> Result<Option<Vec<u8>>, Error> {
        let answer = self.service.ask(Question::get(USER_DATA_PATH, &[]))?;
        self.service.body(USER_DATA_PATH, answer)
    }
}
