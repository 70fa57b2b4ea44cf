//! What an image consists of, for those who look for what is known to be broken: a
//! software bill of materials (SPDX 2.3, JSON). BitBake writes its own.

use crate::cargo_packages::{self, Crate};
use crate::external;
use crate::source::Source;
use crate::variant::Variant;
use anyhow::{Context, Result};
use debian::Contents;
use disk::Architecture;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The file, among the image's.
pub(crate) const NAME: &str = "sbom.spdx.json";

const NOT_SAID: &str = "NOASSERTION";

/// An image, and what it was made of.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) source: &'a Source,
    pub(crate) variant: &'a Variant,
    pub(crate) architecture: Architecture,
    pub(crate) version: &'a str,
    pub(crate) epoch: u64,
    /// The tree of unpacked packages, and what of it is used beside the root's files.
    pub(crate) packages: &'a Path,
    pub(crate) used: &'a [PathBuf],
    /// The trees of the carried containers.
    pub(crate) containers: &'a [PathBuf],
    pub(crate) external: &'a external::Files,
}

/// Writes the bill of the image whose files lie in `output`.
pub(crate) fn write(subject: &Subject<'_>, root: &Path, output: &Path) -> Result<()> {
    let root_hash = files::read_to_string(&output.join("roothash"))?;
    let mut packages = Vec::new();
    let mut seen = BTreeSet::new();
    let contents = Contents::read(subject.packages)?;
    for name in owners(&contents, root, subject)? {
        let pin = &contents.packages[&name].pin;
        seen.insert((name.clone(), pin.version.clone()));
        packages.push(debian_package(&name, pin, subject.architecture));
    }
    for tree in subject.containers {
        for (name, package) in Contents::read(tree)?.packages {
            if seen.insert((name.clone(), package.pin.version.clone())) {
                packages.push(debian_package(&name, &package.pin, subject.architecture));
            }
        }
    }
    for (name, external) in subject
        .variant
        .software
        .iter()
        .flat_map(|set| &set.external)
    {
        let Some(Some(file)) = subject.external.get(name) else {
            continue;
        };
        let digest = crate::contents::digest(files::read(file)?);
        let from = external.from.get(subject.architecture.name());
        // Of a given file only its content is known.
        let url = from
            .filter(|from| from.sha256 == digest)
            .map(|from| &*from.url);
        packages.push(package(Package {
            id: format!("external-{name}"),
            name,
            version: None,
            url: url.unwrap_or(NOT_SAID),
            sha256: Some(&digest),
            license: None,
            purl: None,
        }));
    }
    let mut programs: BTreeSet<&str> = BTreeSet::from([crate::contents::INIT]);
    for set in &subject.variant.software {
        programs.extend(set.programs.keys().map(String::as_str));
    }
    if !subject.containers.is_empty() {
        programs.insert("container-tools");
    }
    let triple = subject.architecture.rust_target();
    for found in cargo_packages::of(subject.source, &programs, triple)? {
        packages.push(rust_crate(&found));
    }
    let document = document(subject, root_hash.trim(), packages)?;
    Ok(files::write(&output.join(NAME), format!("{document:#}\n"))?)
}

/// The packages that something in the image is from, in order.
fn owners(contents: &Contents, root: &Path, subject: &Subject<'_>) -> Result<BTreeSet<String>> {
    let owners = contents.owners();
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    let mut look = |path: &str| {
        // Modules of the kernel are unpacked.
        let endings = ["", ".xz", ".zst", ".gz"];
        let owner = endings
            .iter()
            .find_map(|ending| owners.get(&*format!("{path}{ending}")));
        found.extend(owner.map(|name| (*name).to_owned()));
    };
    while let Some(folder) = folders.pop() {
        for entry in files::at("list", &folder, std::fs::read_dir(&folder))? {
            let entry = files::at("list", &folder, entry)?;
            let path = entry.path();
            if files::at("examine", &path, entry.file_type())?.is_dir() {
                folders.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                look(&relative.to_string_lossy());
            }
        }
    }
    for path in subject.used {
        if let Ok(relative) = path.strip_prefix(subject.packages) {
            look(&relative.to_string_lossy());
        }
    }
    // All of its files are one in the image.
    if contents.packages.contains_key(CERTIFICATES) {
        found.insert(CERTIFICATES.to_owned());
    }
    Ok(found)
}

const CERTIFICATES: &str = "ca-certificates";

fn debian_package(name: &str, pin: &debian::Pin, architecture: Architecture) -> Value {
    let version = pin.version.replace(':', "%3A").replace('+', "%2B");
    let purl = format!(
        "pkg:deb/debian/{name}@{version}?arch={}",
        architecture.debian()
    );
    package(Package {
        id: format!("deb-{name}-{}", pin.version),
        name,
        version: Some(&pin.version),
        url: NOT_SAID,
        sha256: Some(&pin.sha256),
        license: None,
        purl: Some(&purl),
    })
}

fn rust_crate(found: &Crate) -> Value {
    let Crate {
        name,
        version,
        sha256,
        license,
    } = found;
    let purl = format!("pkg:cargo/{name}@{version}");
    let url = format!("https://crates.io/api/v1/crates/{name}/{version}/download");
    // Ours have no digest: they are the source tree.
    let elsewhere = sha256.is_some();
    package(Package {
        id: format!("crate-{name}-{version}"),
        name,
        version: Some(version),
        url: if elsewhere { &url } else { NOT_SAID },
        sha256: sha256.as_deref(),
        license: license.as_deref(),
        purl: elsewhere.then_some(&purl),
    })
}

struct Package<'a> {
    id: String,
    name: &'a str,
    version: Option<&'a str>,
    url: &'a str,
    sha256: Option<&'a str>,
    license: Option<&'a str>,
    purl: Option<&'a str>,
}

fn package(package: Package<'_>) -> Value {
    let mut json = json!({
        "SPDXID": reference(&package.id),
        "name": package.name,
        "downloadLocation": package.url,
        "filesAnalyzed": false,
        "licenseConcluded": NOT_SAID,
        "licenseDeclared": package.license.unwrap_or(NOT_SAID),
        "copyrightText": NOT_SAID,
    });
    if let Some(version) = package.version {
        json["versionInfo"] = version.into();
    }
    if let Some(sha256) = package.sha256 {
        json["checksums"] = json!([{"algorithm": "SHA256", "checksumValue": sha256}]);
    }
    if let Some(purl) = package.purl {
        json["externalRefs"] = json!([{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": purl,
        }]);
    }
    json
}

/// An identifier, of letters, digits, `.` and `-`.
fn reference(id: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') => c,
        _ => '-',
    };
    format!("SPDXRef-{}", id.chars().map(letter).collect::<String>())
}

fn document(subject: &Subject<'_>, root_hash: &str, packages: Vec<Value>) -> Result<Value> {
    let Subject {
        variant,
        architecture,
        version,
        epoch,
        ..
    } = subject;
    let name = format!(
        "bottlerocket-{}-{}-{version}",
        variant.name,
        architecture.name()
    );
    let time = i64::try_from(*epoch)
        .ok()
        .and_then(|s| Timestamp::from_second(s).ok());
    let time = time.context("the time of the image is none")?;
    let image = "SPDXRef-image";
    let mut relationships = vec![json!({
        "spdxElementId": "SPDXRef-DOCUMENT",
        "relationshipType": "DESCRIBES",
        "relatedSpdxElement": image,
    })];
    relationships.extend(packages.iter().map(|package| {
        json!({
            "spdxElementId": image,
            "relationshipType": "CONTAINS",
            "relatedSpdxElement": package["SPDXID"],
        })
    }));
    let mut all = vec![json!({
        "SPDXID": image,
        "name": name,
        "versionInfo": version,
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        "downloadLocation": NOT_SAID,
        "filesAnalyzed": false,
        "licenseConcluded": NOT_SAID,
        "licenseDeclared": NOT_SAID,
        "copyrightText": NOT_SAID,
    })];
    all.extend(packages);
    Ok(json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": format!("urn:bottlerocket:{name}:{root_hash}"),
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "creators": [format!("Tool: image-builder-{}", env!("CARGO_PKG_VERSION"))],
        },
        "packages": all,
        "relationships": relationships,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_no_other_letters() {
        assert_eq!(reference("deb-libstdc++6"), "SPDXRef-deb-libstdc--6");
    }

    #[test]
    fn packages_say_where_they_are_from() {
        let pin = debian::Pin {
            version: "1:2.41-4+b1".to_owned(),
            sha256: "ab".repeat(32),
        };
        let json = debian_package("util-linux", &pin, Architecture::Aarch64);
        assert_eq!(
            json["externalRefs"][0]["referenceLocator"],
            "pkg:deb/debian/util-linux@1%3A2.41-4%2Bb1?arch=arm64"
        );
        let own = rust_crate(&Crate {
            name: "apiclient".to_owned(),
            version: "0.1.0".to_owned(),
            sha256: None,
            license: Some("Apache-2.0 OR MIT".to_owned()),
        });
        assert_eq!(own["licenseDeclared"], "Apache-2.0 OR MIT");
        assert!(own.get("externalRefs").is_none());
    }
}
