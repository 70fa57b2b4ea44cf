//! apt with a state of its own: the host's package database is neither read
//! nor changed.

use crate::lock::Pin;
use crate::{Error, Group, Mirror};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The file of apt_preferences(5) in the private state.
const PREFERENCES: &str = "preferences";

/// A private apt: own sources, own lists, own cache.
#[derive(Debug)]
pub struct Apt {
    folder: PathBuf,
    suites: Vec<String>,
}

/// A package that apt would install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Binary package name.
    pub name: String,
    /// Debian version.
    pub version: String,
    file: String,
}

/// A package that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Binary package name.
    pub name: String,
    /// Its version and content.
    pub pin: Pin,
    /// The package file.
    pub file: PathBuf,
}

impl Apt {
    /// Prepares the private state in `folder` for suites (`trixie`; what is
    /// in several is taken from the first) and
    /// Debian architecture (`amd64`).
    pub fn new(
        folder: &Path,
        suites: &[String],
        architecture: &str,
        mirror: &Mirror,
    ) -> Result<Apt, Error> {
        let keyring = Path::new(KEYRING);
        if !keyring.exists() {
            return Err(Error::NoKeyring(keyring.to_owned()));
        }
        let folder = files::at("resolve", folder, std::path::absolute(folder))?;
        for sub in ["lists/partial", "cache/archives/partial", "packages"] {
            files::create_dir_all(&folder.join(sub))?;
        }
        files::write(&folder.join("status"), "")?;
        let mut sources = String::new();
        let mut source = |url: &str, suite: &str| {
            sources += &format!("deb [signed-by={KEYRING}] {url} {suite} main\n");
        };
        for suite in suites {
            source(&mirror.main, suite);
            if let Some(security) = &mirror.security {
                source(security, &format!("{suite}-security"));
            }
        }
        let first = suites.first().map_or("", String::as_str);
        files::write(&folder.join("sources.list"), sources)?;
        let here = folder.display();
        let conf = format!(
            "Dir::State \"{here}\";\nDir::State::lists \"{here}/lists\";\nDir::State::status \"{here}/status\";\n\
             Dir::Cache \"{here}/cache\";\nDir::Etc::sourcelist \"{here}/sources.list\";\nDir::Etc::sourceparts \"-\";\n\
             Dir::Etc::preferencesparts \"-\";\nDir::Etc::preferences \"{here}/{PREFERENCES}\";\n\
             APT::Architecture \"{architecture}\";\nAPT::Architectures {{ \"{architecture}\"; }};\n\
             APT::Default-Release \"/^{first}/\";\n\
             APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"\";\nAcquire::Languages \"none\";\n\
             Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\nAcquire::Retries \"3\";\n"
        );
        files::write(&folder.join("apt.conf"), conf)?;
        files::write(&folder.join(PREFERENCES), "")?;
        Ok(Apt {
            folder,
            suites: suites.to_vec(),
        })
    }

    /// Downloads the package lists.
    pub fn update(&self) -> Result<(), Error> {
        process::output(
            self.command("apt-get")
                .args(["-q", "--error-on=any", "update"]),
        )?;
        Ok(())
    }

    /// What the wanted packages come to now, dependencies included, each
    /// downloaded.
    pub fn resolve(&self, wanted: &[String]) -> Result<Group, Error> {
        files::write(&self.folder.join(PREFERENCES), preferences(wanted))?;
        let names = wanted.iter().map(|name| split(name).0);
        let listing = process::stdout(
            self.command("apt-get")
                .args(["install", "--print-uris", "-qq", "--yes"])
                .args(names),
        )?;
        let packages = listing
            .lines()
            .filter(|line| line.starts_with('\''))
            .map(parse_announcement)
            .collect::<Result<Vec<_>, _>>()?;
        self.download(&packages)?;
        let mut pins = BTreeMap::new();
        for package in packages {
            let sha256 = digest(&self.folder.join("packages").join(&package.file))?;
            let version = package.version;
            pins.insert(package.name, Pin { version, sha256 });
        }
        Ok(Group {
            suites: self.suites.clone(),
            wanted: wanted.to_vec(),
            packages: pins,
        })
    }

    /// The package files of a group, downloaded where they are not in the
    /// cache, and checked against the lock.
    pub fn fetch(&self, group: &Group) -> Result<Vec<Fetched>, Error> {
        let missing: Vec<_> = group
            .packages
            .iter()
            .filter(|(name, pin)| self.find(name, &pin.version).is_none())
            .collect();
        if !missing.is_empty() {
            self.update()?;
            let available = self.available(missing.iter().map(|(name, _)| name.as_str()))?;
            let gone: Vec<_> = missing
                .iter()
                .filter(|(name, pin)| !available.contains(&((*name).clone(), pin.version.clone())))
                .map(|(name, pin)| format!("{name} {}", pin.version))
                .collect();
            if !gone.is_empty() {
                return Err(Error::Gone(gone.join(", ")));
            }
            let packages: Vec<_> = missing
                .iter()
                .map(|(name, pin)| Package {
                    name: (*name).clone(),
                    version: pin.version.clone(),
                    file: String::new(),
                })
                .collect();
            self.download(&packages)?;
        }
        let mut found = Vec::new();
        for (name, pin) in &group.packages {
            let path = self
                .find(name, &pin.version)
                .ok_or_else(|| Error::Gone(format!("{name} {}", pin.version)))?;
            let sha256 = digest(&path)?;
            if sha256 != pin.sha256 {
                return Err(Error::Digest {
                    path,
                    expected: pin.sha256.clone(),
                    found: sha256,
                });
            }
            found.push(Fetched {
                name: name.clone(),
                pin: pin.clone(),
                file: path,
            });
        }
        Ok(found)
    }

    fn download(&self, packages: &[Package]) -> Result<(), Error> {
        let mut command = self.command("apt-get");
        command.args(["-q", "download"]);
        let wanted: Vec<_> = packages
            .iter()
            .filter(|p| self.find(&p.name, &p.version).is_none())
            .map(|p| format!("{}={}", p.name, p.version))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        command
            .args(wanted)
            .current_dir(self.folder.join("packages"));
        process::output(&mut command)?;
        Ok(())
    }

    fn available<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<(String, String)>, Error> {
        let listing = process::stdout(self.command("apt-cache").arg("madison").args(names))?;
        Ok(listing
            .lines()
            .filter_map(|line| {
                let mut fields = line.split('|').map(str::trim);
                Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
            })
            .collect())
    }

    /// A package file in the cache; apt escapes the colon of an epoch.
    fn find(&self, name: &str, version: &str) -> Option<PathBuf> {
        let architectures = ["all", "amd64", "arm64"];
        let version = version.replace(':', "%3a");
        architectures
            .iter()
            .map(|a| {
                self.folder
                    .join("packages")
                    .join(format!("{name}_{version}_{a}.deb"))
            })
            .find(|p| p.exists())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// A wanted package and the suite that it is to be from, if that is said.
fn split(wanted: &str) -> (&str, Option<&str>) {
    match wanted.split_once('/') {
        Some((name, suite)) => (name, Some(suite)),
        None => (wanted, None),
    }
}

/// What takes single packages from other suites. apt's own `name/suite` would take
/// what they depend on from there, too, such as the C library.
fn preferences(wanted: &[String]) -> String {
    let pinned = wanted.iter().filter_map(|name| {
        let (name, suite) = split(name);
        let pin = format!("Package: {name}\nPin: release n={}\n", suite?);
        Some(pin + "Pin-Priority: 990\n\n")
    });
    pinned.collect()
}

/// Parses `'URL' NAME_VERSION_ARCH.deb SIZE HASH`.
fn parse_announcement(line: &str) -> Result<Package, Error> {
    let announced = || Error::Announcement(line.to_owned());
    let file = line.split_whitespace().nth(1).ok_or_else(announced)?;
    let mut fields = file.trim_end_matches(".deb").split('_');
    let (Some(name), Some(version)) = (fields.next(), fields.next()) else {
        return Err(announced());
    };
    Ok(Package {
        name: name.to_owned(),
        version: version.replace("%3a", ":"),
        file: file.to_owned(),
    })
}

fn digest(path: &Path) -> Result<String, Error> {
    let digest = Sha256::digest(files::read(path)?);
    Ok(digest.iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_packages_are_taken_from_other_suites() {
        let wanted = ["systemd", "runc/forky"].map(str::to_owned);
        let expected = "Package: runc\nPin: release n=forky\nPin-Priority: 990\n\n";
        assert_eq!(preferences(&wanted), expected);
    }

    #[test]
    fn announcements_are_parsed() {
        let line = "'http://mirror.example/pool/libcap2_2.75.deb' libcap2_1%3a2.75-10+b3_amd64.deb 28528 SHA256:00";
        let package = parse_announcement(line).unwrap();
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("libcap2", "1:2.75-10+b3")
        );
        for bad in [
            "",
            "'http://mirror.example/x.deb'",
            "'u' nounderscore.deb 1 h",
        ] {
            assert!(parse_announcement(bad).is_err(), "{bad}");
        }
    }
}
