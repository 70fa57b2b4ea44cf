//! Where user data comes from.

mod cloud;
mod file;
mod guestinfo;
mod ovf;
mod volume;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use apiclient::Layer;
use instance_metadata::{Azure, Ec2, Gcp, OpenStack};
use platform::Platform;

pub use cloud::{Region, Service};
pub use file::FileSource;
pub use guestinfo::{Backdoor, GuestInfo, GuestInfoSource};
pub use volume::VolumeSource;

/// The name of the systemd credential that holds user data. systemd itself
/// takes credentials from QEMU's fw_cfg (`opt/io.systemd.credentials/…`),
/// SMBIOS type 11 strings and others, see systemd.system-credentials(7).
const CREDENTIAL: &str = "bottlerocket.user-data";

/// What a source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserData {
    /// For messages: the file, address or other place it was found at.
    pub origin: String,
    /// The document.
    pub bytes: Vec<u8>,
    /// The layer that its settings belong to: what a person gave, or what the
    /// node found out. The latter is left out where a variant lacks the setting.
    pub layer: Layer,
}

/// Why a source that has something, or may have, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The metadata service of a cloud.
    #[error(transparent)]
    Metadata(#[from] instance_metadata::Error),
    /// Nobody knows what to ask.
    #[error(transparent)]
    Platform(#[from] platform::Error),
    /// A volume with user data.
    #[error("{0}")]
    Volume(String),
    /// VMware's `guestinfo`.
    #[error("failed to read {key} from the hypervisor: {reason}")]
    GuestInfo {
        /// The key.
        key: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// An OVF environment document.
    #[error("{origin}: it is not an OVF environment: {reason}")]
    Ovf {
        /// Where it was found.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A place where a platform or a person may have left user data.
pub trait Source: Debug {
    /// Gets what is there, `None` if nothing is.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    fn fetch(&self) -> Result<Option<UserData>, Error>;
}

/// Where a node looks.
#[derive(Debug, Clone)]
pub struct Places {
    /// The root folder.
    pub root: PathBuf,
    /// The folder with the service's credentials.
    pub credentials: Option<PathBuf>,
    /// The folder where [`crate::volumes`] leaves what it finds.
    pub volumes: PathBuf,
}

/// The sources of a node, weakest first: defaults on the data partition, user
/// data put into the image, the platform's, overrides on the data partition.
///
/// # Errors
///
/// If the platform is not known.
pub fn standard(places: &Places) -> Result<Vec<Box<dyn Source>>, Error> {
    let platform = Platform::detect(&places.root)?;
    tracing::info!("the platform is {platform}");
    let file = |path: &str| FileSource::new(places.root.join(path));
    let mut sources: Vec<Box<dyn Source>> = vec![
        Box::new(file("local/user-data-defaults.toml")),
        Box::new(file("var/lib/bottlerocket/user-data.toml")),
    ];
    if let Some(folder) = &places.credentials {
        sources.push(Box::new(FileSource::new(folder.join(CREDENTIAL))));
    }
    sources.push(Box::new(VolumeSource::new(&places.volumes)));
    sources.extend(of_platform(platform, &places.volumes));
    sources.push(Box::new(file("local/user-data-overrides.toml")));
    Ok(sources)
}

fn of_platform(platform: Platform, volumes: &Path) -> Vec<Box<dyn Source>> {
    match platform {
        Platform::Aws => {
            // Shared, so that one token does for both.
            let service = Rc::new(Ec2::default());
            vec![
                Box::new(Region(Rc::clone(&service))),
                Box::new(Service::Ec2(service)),
            ]
        }
        Platform::Azure => vec![Box::new(Service::Azure(Azure::default()))],
        Platform::Gcp => vec![Box::new(Service::Gcp(Gcp::default()))],
        // What is on a config drive is all that the service would tell.
        Platform::OpenStack if volume::has_config_drive(volumes) => Vec::new(),
        Platform::OpenStack => vec![Box::new(Service::OpenStack(OpenStack::default()))],
        Platform::VMware => vec![Box::new(GuestInfoSource(Backdoor))],
        Platform::Metal | Platform::NoCloud => Vec::new(),
    }
}
