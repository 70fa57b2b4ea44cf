//! What settings say of a container: `/etc/host-containers/host-containers.toml`, or
//! the like for bootstrap containers.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::Kind;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    host_containers: BTreeMap<String, Settings>,
    bootstrap_containers: BTreeMap<String, Settings>,
}

/// A container's settings, as far as they are about how it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Settings {
    pub source: Option<String>,
    pub superpowered: bool,
    pub command: Vec<String>,
    pub user_data: Option<String>,
}

impl Settings {
    /// Those of the container with a name.
    pub(crate) fn read(path: &Path, kind: Kind, id: &str) -> Result<Self> {
        let text = files::read_to_string(path)?;
        let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let mut containers = match kind {
            Kind::Host => file.host_containers,
            Kind::Bootstrap => file.bootstrap_containers,
        };
        let found = containers.remove(id);
        found.with_context(|| format!("{} has no container `{id}`", path.display()))
    }

    /// What the container finds in the file `user-data`.
    pub(crate) fn decoded_user_data(&self) -> Result<Option<Vec<u8>>> {
        let Some(text) = &self.user_data else {
            return Ok(None);
        };
        let decoded = STANDARD.decode(text.split_whitespace().collect::<String>());
        Ok(Some(decoded.context("its user data is not in base64")?))
    }
}

/// The images of all containers in a file, of those that are off, too; none if there is no
/// file.
pub(crate) fn sources(path: &Path) -> Result<Vec<String>> {
    let text = match files::read_to_string(path) {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        text => text?,
    };
    let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let containers = file.host_containers.into_values();
    let containers = containers.chain(file.bootstrap_containers.into_values());
    Ok(containers.filter_map(|settings| settings.source).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_what_settings_say() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("containers.toml");
        let text = "[host-containers.admin]\nenabled = true\nsuperpowered = true\n\
            source = 'localhost/admin:1'\nuser-data = 'aGk='\n\
            [bootstrap-containers.disks]\nsource = 'localhost/disks:1'\nmode = 'once'\n\
            command = ['/bin/a', 'b c']\n";
        std::fs::write(&path, text).expect("a file");
        let admin = Settings::read(&path, Kind::Host, "admin").expect("settings");
        assert_eq!(admin.source.as_deref(), Some("localhost/admin:1"));
        assert!(admin.superpowered);
        assert_eq!(
            admin.decoded_user_data().expect("base64").as_deref(),
            Some(&b"hi"[..])
        );
        let disks = Settings::read(&path, Kind::Bootstrap, "disks").expect("settings");
        assert_eq!(disks.command, ["/bin/a", "b c"]);
        assert_eq!(disks.decoded_user_data().expect("none"), None);
        assert!(Settings::read(&path, Kind::Host, "disks").is_err());
        let images = sources(&path).expect("settings");
        assert_eq!(images, ["localhost/admin:1", "localhost/disks:1"]);
        let none = sources(Path::new("/nothing/here")).expect("no settings");
        assert!(none.is_empty());
    }
}
