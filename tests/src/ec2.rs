//! Machines that look like instances of Amazon EC2.

use std::sync::Mutex;

use anyhow::Result;
use fake_http_server::FakeTcpServer;
use fake_imds::{Imds, Instance};
use vm::{Identity, Network, Options, Service};

/// Makes a machine one, and starts the service that tells it about itself. `relay` is the
/// program that joins connections.
pub fn instance_of_ec2(
    options: &mut Options,
    instance: &Instance,
    relay: &str,
) -> Result<FakeTcpServer> {
    let imds = Mutex::new(Imds::new(instance));
    let server = FakeTcpServer::start(move |request| {
        let mut imds = imds.lock().unwrap_or_else(|e| e.into_inner());
        imds.answer(request)
    });
    options.identity = Identity {
        manufacturer: Some("Amazon EC2".to_owned()),
        ..Identity::default()
    };
    options.network = Some(Network {
        services: vec![Service {
            address: "169.254.169.254:80".parse()?,
            command: vec![relay.to_owned(), server.address().to_string()],
        }],
        ..Network::default()
    });
    Ok(server)
}
