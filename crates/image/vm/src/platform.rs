//! Machines that look like those of a cloud.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use fake_imds::{Imds, Instance};
use vm::{Identity, Service};

use crate::cli::Platform;

/// Where the fake instances run.
const REGION: &str = "eu-central-1";

impl Platform {
    /// Its name on the command line.
    fn name(self) -> &'static str {
        match self {
            Platform::Ec2 => "ec2",
        }
    }

    /// What the firmware says of its machines.
    pub(crate) fn identity(self) -> Identity {
        match self {
            Platform::Ec2 => Identity {
                manufacturer: Some("Amazon EC2".to_owned()),
                ..Identity::default()
            },
        }
    }

    /// Its metadata service: this program, started for each connection.
    pub(crate) fn service(self, program: &str, user_data: Option<&Path>) -> Service {
        let (address, port) = match self {
            Platform::Ec2 => ([169, 254, 169, 254], 80),
        };
        let words = [program, "metadata-service", self.name()];
        let mut command: Vec<String> = words.map(str::to_owned).into();
        command.extend(user_data.map(|file| file.display().to_string()));
        Service {
            address: std::net::SocketAddrV4::new(address.into(), port),
            command,
        }
    }
}

/// Answers the request that comes over standard input.
pub(crate) fn serve(platform: Platform, user_data: Option<&Path>) -> Result<()> {
    let user_data = user_data.map(files::read_to_string).transpose()?;
    let answered = match platform {
        Platform::Ec2 => {
            let mut imds = Imds::new(&Instance {
                region: REGION.to_owned(),
                user_data,
                ..Instance::default()
            });
            let mut answer = Vec::new();
            fake_http_server::serve_one(io::stdin(), &mut answer, |request| imds.answer(request))
                .and_then(|()| io::stdout().write_all(&answer))
                .and_then(|()| io::stdout().flush())
        }
    };
    answered.context("the connection broke")
}
