//! What the metadata services of clouds hand out.

use std::rc::Rc;

use apiclient::Layer;
use instance_metadata::{Azure, Ec2, Gcp, OpenStack};
use serde_json::json;

use super::{Error, Source, UserData};

/// The user data of an instance.
#[derive(Debug)]
pub enum Service {
    /// Of Amazon EC2.
    Ec2(Rc<Ec2>),
    /// Of OpenStack.
    OpenStack(OpenStack),
    /// Of Google Compute Engine.
    Gcp(Gcp),
    /// Of Microsoft Azure.
    Azure(Azure),
}

impl Source for Service {
    fn fetch(&self) -> Result<Option<UserData>, Error> {
        let found = match self {
            Self::Ec2(service) => service.user_data(),
            Self::OpenStack(service) => service.user_data(),
            Self::Gcp(service) => service.user_data(),
            Self::Azure(service) => service.user_data(),
        }?;
        Ok(found.map(|bytes| UserData {
            origin: "the instance's user data".to_owned(),
            bytes,
            layer: Layer::UserData,
        }))
    }
}

/// `aws.region`, as the identity document of an EC2 instance has it.
#[derive(Debug)]
pub struct Region(pub Rc<Ec2>);

impl Source for Region {
    fn fetch(&self) -> Result<Option<UserData>, Error> {
        let region = self.0.region()?;
        Ok(Some(UserData {
            origin: "the instance's identity document".to_owned(),
            bytes: json!({"settings": {"aws": {"region": region}}})
                .to_string()
                .into_bytes(),
            layer: Layer::Generated,
        }))
    }
}
