//! Programs that Debian does not have: given as files, or downloaded from their makers.

use crate::contents;
use crate::progress::Step;
use crate::source::Source;
use crate::variant::Variant;
use anyhow::{Result, anyhow, bail};
use clap::Args;
use disk::Architecture;
use rootfs::{Download, External};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Downloads over HTTPS, and checks digests: part of apt.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// External programs by name: files, or `None` for those that are left out.
pub(crate) type Files = BTreeMap<String, Option<PathBuf>>;

/// Where programs come from that Debian does not have.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GivenOptions {
    /// Take a program that Debian does not have, such as `kubelet`, from a file
    /// [default: the packages have it, or it is downloaded from where conf/software says].
    #[arg(long = "external", value_name = "NAME=FILE", value_parser = given)]
    given: Vec<(String, PathBuf)>,
}

/// As [`GivenOptions`], with what is not given.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ExternalOptions {
    #[command(flatten)]
    given: GivenOptions,
    /// Leave out such programs where they cannot be had: for trials.
    #[arg(long)]
    leave_out_external: bool,
}

fn given(text: &str) -> Result<(String, PathBuf), &'static str> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), file.into()))
        }
        _ => Err("expected NAME=FILE"),
    }
}

/// The external programs of a variant by name.
fn of(variant: &Variant) -> BTreeMap<&String, &External> {
    let sets = variant.software.iter();
    sets.flat_map(|set| &set.external).collect()
}

impl GivenOptions {
    /// The given files.
    pub(crate) fn files(&self, variant: &Variant) -> Result<Files> {
        let known = of(variant);
        let mut files = Files::new();
        for (name, file) in &self.given {
            if !known.contains_key(name) {
                let names: Vec<&str> = known.keys().map(|name| name.as_str()).collect();
                bail!(
                    "variant `{}` has no external program `{name}`\nhint: {}",
                    variant.name,
                    match names[..] {
                        [] => "it has none".to_owned(),
                        _ => format!("it has {}", names.join(", ")),
                    }
                );
            }
            let file = files::at("find", file, std::fs::canonicalize(file))?;
            files.insert(name.clone(), Some(file));
        }
        Ok(files)
    }
}

/// Finds all external programs of a variant.
pub(crate) fn find(
    source: &Source,
    variant: &Variant,
    architecture: Architecture,
    options: &ExternalOptions,
) -> Result<Files> {
    let mut found = options.given.files(variant)?;
    for (name, external) in of(variant) {
        if found.contains_key(name) {
            continue;
        }
        let file = match download(source, name, external, architecture) {
            Ok(file) => Some(file),
            Err(error) if options.leave_out_external => {
                eprintln!("    without {name}: {}", applet::explain(&error));
                None
            }
            Err(error) => return Err(error),
        };
        found.insert(name.clone(), file);
    }
    Ok(found)
}

/// The downloaded file, kept in the cache.
fn download(
    source: &Source,
    name: &str,
    external: &External,
    architecture: Architecture,
) -> Result<PathBuf> {
    let hint = format!(
        "--external {name}=FILE takes it from a file, --leave-out-external makes an image without it"
    );
    let Some(Download { url, sha256 }) = external.from.get(architecture.name()) else {
        bail!(
            "nothing says where `{name}` for {} comes from\nhint: {hint}",
            architecture.name()
        );
    };
    let folder = source.cache(architecture).join("external");
    let file = folder.join(format!("{name}-{sha256}"));
    if file.exists() {
        return Ok(file);
    }
    let step = Step::begin(format!("downloading {name}"));
    files::create_dir_all(&folder)?;
    let partial = folder.join(format!("{name}.part"));
    fetch(url, sha256, &partial).map_err(|error| {
        let why = applet::explain(&error);
        anyhow!("{name} could not be downloaded: {why}\nhint: {hint}")
    })?;
    files::at("rename", &partial, std::fs::rename(&partial, &file))?;
    step.end();
    Ok(file)
}

/// Downloads a file and checks its digest.
fn fetch(url: &str, sha256: &str, to: &Path) -> Result<()> {
    let mut helper = Command::new(HELPER);
    // It would otherwise write as a user who has no rights in our folder.
    helper
        .args([
            "-q",
            "-o",
            "APT::Sandbox::User=",
            "-o",
            "Acquire::Retries=3",
        ])
        .args(["download-file", url])
        .arg(to)
        .arg(format!("SHA256:{sha256}"));
    process::output(&mut helper)?;
    // What apt does with an entry it does not understand is its own affair.
    let digest = contents::digest(files::read(to)?);
    if digest != sha256 {
        bail!("{url} has the digest {digest}, expected {sha256}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fake_http_server::{Answer, FakeTcpServer};

    const AGENT: &str = "an agent";

    fn agent(url: &str, sha256: &str) -> External {
        let download = Download {
            url: url.to_owned(),
            sha256: sha256.to_owned(),
        };
        External {
            path: "usr/bin/agent".into(),
            from: [("x86_64".to_owned(), download)].into(),
        }
    }

    #[test]
    fn what_is_downloaded_is_checked_and_kept() {
        let tree = tempfile::tempdir().unwrap();
        files::create_dir_all(&tree.path().join("conf/variants")).unwrap();
        let source = Source::find(Some(tree.path()), None).unwrap();
        let server = FakeTcpServer::start(|request| match request.target.as_str() {
            "/agent" => Answer::ok(AGENT),
            _ => Answer::Status(404, String::new()),
        });
        let url = |path: &str| format!("http://{}/{path}", server.address());
        let digest = contents::digest(AGENT);
        let get =
            |external: &External, architecture| download(&source, "agent", external, architecture);
        for (path, sha256, expected) in [
            (
                "agent",
                contents::digest("another"),
                "agent could not be downloaded",
            ),
            ("absent", digest.clone(), "agent could not be downloaded"),
        ] {
            let error = get(&agent(&url(path), &sha256), Architecture::X86_64).unwrap_err();
            let message = applet::explain(&error);
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("--external agent=FILE"), "{message}");
        }
        let good = agent(&url("agent"), &digest);
        let file = get(&good, Architecture::X86_64).unwrap();
        assert_eq!(files::read_to_string(&file).unwrap(), AGENT);
        let error = get(&good, Architecture::Aarch64).unwrap_err();
        assert!(
            error.to_string().starts_with("nothing says where"),
            "{error}"
        );
        // Not asked for a second time.
        drop(server);
        assert_eq!(get(&good, Architecture::X86_64).unwrap(), file);
    }

    #[test]
    fn a_program_is_given_by_name_and_file() {
        assert_eq!(given("a=b=c"), Ok(("a".to_owned(), "b=c".into())));
        for text in ["a", "=b", "a="] {
            assert!(given(text).is_err(), "{text}");
        }
    }
}
