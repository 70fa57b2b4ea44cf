//! What [`crate::volumes`] found on volumes and left in files.

use std::path::{Path, PathBuf};

use apiclient::Layer;
use apiclient::user_data::MAX_BYTES;

use super::{Error, Source, UserData, ovf};
use crate::volumes::{CD_ROM, CONFIG_DRIVE, NO_CLOUD, NO_CLOUD_ADDRESS, OVF_ENVIRONMENT, PROBLEM};

/// The volumes of a node; the first one that has user data decides.
#[derive(Debug, Clone)]
pub struct VolumeSource {
    folder: PathBuf,
}

impl VolumeSource {
    /// What is in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn read(&self, name: &str) -> files::Result<Option<Vec<u8>>> {
        match files::read_limited(&self.folder.join(name), MAX_BYTES) {
            Err(error) if error.is_not_found() => Ok(None),
            read => read.map(Some),
        }
    }
}

impl Source for VolumeSource {
    fn fetch(&self) -> Result<Option<UserData>, Error> {
        if let Some(problem) = self.read(PROBLEM)? {
            return Err(Error::Volume(String::from_utf8_lossy(&problem).into()));
        }
        let address = self.read(NO_CLOUD_ADDRESS)?;
        let address = address.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        let no_cloud = match &address {
            Some(address) if !self.folder.join(NO_CLOUD).exists() => {
                return Err(Error::Volume(format!("{address} was not fetched")));
            }
            Some(address) => address,
            None => "user-data of the volume cidata",
        };
        for (name, origin) in [
            (NO_CLOUD, no_cloud),
            (CONFIG_DRIVE, "user_data of the volume config-2"),
            (CD_ROM, "user data of the CD-ROM"),
        ] {
            // A volume without user data still is one.
            if let Some(bytes) = self.read(name)?.filter(|bytes| !bytes.is_empty()) {
                return Ok(Some(UserData {
                    origin: origin.to_owned(),
                    bytes,
                    layer: Layer::UserData,
                }));
            }
        }
        match self.read(OVF_ENVIRONMENT)? {
            Some(document) => ovf::user_data("ovf-env.xml of the CD-ROM", &document),
            None => Ok(None),
        }
    }
}

/// Whether OpenStack gave this node a config drive.
pub(super) fn has_config_drive(folder: &Path) -> bool {
    folder.join(CONFIG_DRIVE).exists()
}
