//! Puts the manifests of static pods where kubelet finds them (applet `static-pods`):
//! each enabled one of the settings as a file of its name. Others are removed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use serde::Deserialize;
use settings_model::Identifier;
use settings_model::groups::StaticPod;
use tracing::info;

/// Whoever reads a manifest reads its secrets.
const MODE: u32 = 0o600;

/// Writes the manifests of static pods for kubelet, and removes those that settings do
/// not have any more.
///
/// Exit codes: 0 if the folder is as settings say, 1 if not, 2 if the arguments make no
/// sense.
#[derive(Debug, Parser)]
#[command(name = "static-pods", version)]
struct Cli {
    /// The pods, as settings make them
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/kubernetes/static-pods.toml"
    )]
    config: PathBuf,
    /// Where kubelet looks for manifests
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/etc/kubernetes/static-pods"
    )]
    folder: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    static_pods: BTreeMap<Identifier, StaticPod>,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let text = match files::read_to_string(&cli.config) {
            Err(error) if error.is_not_found() => String::new(),
            text => text?,
        };
        let manifests = manifests(&text).with_context(|| cli.config.display().to_string())?;
        write(&manifests, &cli.folder)
    })
}

/// The manifests of the enabled pods, by name.
fn manifests(text: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let file: File = toml::from_str(text)?;
    let mut manifests = BTreeMap::new();
    for (name, pod) in file.static_pods {
        // The model has it where the pod is enabled.
        let (Some(true), Some(manifest)) = (pod.enabled, &pod.manifest) else {
            continue;
        };
        let name = name.as_ref().to_owned();
        let manifest = STANDARD.decode(manifest.as_ref());
        let manifest = manifest.with_context(|| format!("the manifest of `{name}`"))?;
        manifests.insert(name, manifest);
    }
    Ok(manifests)
}

fn write(manifests: &BTreeMap<String, Vec<u8>>, folder: &Path) -> Result<()> {
    files::create_dir_all(folder)?;
    for (name, manifest) in manifests {
        if files::replace_if_changed(&folder.join(name), manifest, MODE)? {
            info!("static pod {name}");
        }
    }
    for entry in files::at("list", folder, std::fs::read_dir(folder))? {
        let entry = files::at("list", folder, entry)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !manifests.contains_key(&name) {
            files::at("remove", &entry.path(), std::fs::remove_file(entry.path()))?;
            info!("no static pod {name} any more");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_follows_the_settings() {
        let folder = tempfile::tempdir().expect("a folder");
        let pods = folder.path().join("pods");
        let names = || {
            let entries = std::fs::read_dir(&pods).expect("the folder");
            let mut names: Vec<String> = entries
                .map(|e| {
                    e.expect("an entry")
                        .file_name()
                        .to_string_lossy()
                        .into_owned()
                })
                .collect();
            names.sort();
            names
        };
        for (text, expected) in [
            ("", &[][..]),
            (
                "[static-pods.a]\nenabled = true\nmanifest = 'YQ=='\n\
                 [static-pods.b]\nenabled = true\nmanifest = 'Yg=='\n\
                 [static-pods.c]\nenabled = false\nmanifest = 'Yw=='\n",
                &["a", "b"],
            ),
            (
                "[static-pods.b]\nenabled = true\nmanifest = 'QkI='\n",
                &["b"],
            ),
        ] {
            write(&manifests(text).expect("manifests"), &pods).expect("a folder");
            assert_eq!(names(), expected, "{text}");
        }
        assert_eq!(
            std::fs::read_to_string(pods.join("b")).expect("a file"),
            "BB"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "[",
            "[static-pods.'../a']\nenabled = true\nmanifest = 'YQ=='\n",
            "[static-pods.a]\nenabled = 'yes'\n",
            "[static-pods.a]\nenabled = true\nmanifest = '?'\n",
        ] {
            assert!(manifests(text).is_err(), "{text}");
        }
    }
}
