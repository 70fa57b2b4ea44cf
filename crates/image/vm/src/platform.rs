//! Machines that look like those of a cloud.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use anyhow::{Context, Result};
use fake_http_server::Request;
use fake_imds::{Cloud, Imds, Instance};
use vm::{Identity, Service};

use crate::cli::Platform;

/// Where all of them are.
const LINK_LOCAL: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(169, 254, 169, 254), 80);

/// Where the fake instances run.
const REGION: &str = "eu-central-1";

impl Platform {
    /// Its name on the command line.
    fn name(self) -> &'static str {
        match self {
            Platform::Ec2 => "ec2",
            Platform::Azure => "azure",
            Platform::Gcp => "gcp",
            Platform::Openstack => "openstack",
        }
    }

    /// What the firmware says of its machines.
    pub(crate) fn identity(self) -> Identity {
        let (manufacturer, product, asset_tag) = match self {
            Platform::Ec2 => ("Amazon EC2", None, None),
            Platform::Azure => (
                "Microsoft Corporation",
                Some("Virtual Machine"),
                Some("7783-7084-3265-9085-8269-3286-77"),
            ),
            Platform::Gcp => ("Google", Some("Google Compute Engine"), None),
            Platform::Openstack => ("OpenStack Foundation", Some("OpenStack Nova"), None),
        };
        Identity {
            manufacturer: Some(manufacturer.to_owned()),
            product: product.map(str::to_owned),
            serial: None,
            asset_tag: asset_tag.map(str::to_owned),
        }
    }

    /// Its metadata service: this program, started for each connection.
    pub(crate) fn service(self, program: &str, user_data: Option<&Path>) -> Service {
        let words = [program, "metadata-service", self.name()];
        let mut command: Vec<String> = words.map(str::to_owned).into();
        command.extend(user_data.map(|file| file.display().to_string()));
        Service {
            address: LINK_LOCAL,
            command,
        }
    }
}

/// Answers the request that comes over standard input.
pub(crate) fn serve(platform: Platform, user_data: Option<&Path>) -> Result<()> {
    let user_data = user_data.map(files::read_to_string).transpose()?;
    let cloud = match platform {
        Platform::Ec2 => None,
        Platform::Azure => Some(Cloud::Azure),
        Platform::Gcp => Some(Cloud::Gcp),
        Platform::Openstack => Some(Cloud::OpenStack),
    };
    let respond = |request: &Request| match cloud {
        Some(cloud) => cloud.answer(user_data.as_deref(), request),
        None => Imds::new(&Instance {
            region: REGION.to_owned(),
            user_data: user_data.clone(),
            ..Instance::default()
        })
        .answer(request),
    };
    let mut answer = Vec::new();
    fake_http_server::serve_one(io::stdin(), &mut answer, respond)
        .and_then(|()| io::stdout().write_all(&answer))
        .and_then(|()| io::stdout().flush())
        .context("the connection broke")
}
