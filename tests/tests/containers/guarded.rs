//! A registry that speaks TLS and asks who one is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use end_to_end_tests::registry::{Guard, Registry, succeed};
use end_to_end_tests::workspace;

const USER: &str = "node";
const PASSWORD: &str = "pass:word";

fn guard(folder: &Path) -> Result<Guard> {
    let guard = Guard {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
        passwords: folder.join("passwords"),
        credentials: format!("{USER}:{PASSWORD}"),
    };
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    openssl.args(["-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    openssl.args([
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ]);
    openssl
        .arg("-out")
        .arg(&guard.certificate)
        .arg("-keyout")
        .arg(&guard.key);
    succeed(&mut openssl)?;
    let mut htpasswd = Command::new("htpasswd");
    succeed(
        htpasswd
            .arg("-cbB")
            .arg(&guard.passwords)
            .args([USER, PASSWORD]),
    )?;
    Ok(guard)
}

/// Pulls with the program of the image, which trusts the authorities in a file.
fn pull(folder: &Path, endpoint: &str, credentials: &str, trusted: &Path) -> Result<Output> {
    let config = folder.join("host-ctr.toml");
    // By itself it would be asked without TLS, as it is on this machine.
    let registry = endpoint.trim_start_matches("https://");
    let mirror = format!("mirrors = [{{registry = '{registry}', endpoint = ['{endpoint}']}}]");
    let image = format!("{registry}/busybox:1");
    fs::write(&config, format!("{mirror}\n{credentials}\n"))?;
    let program = workspace().join("build/programs/x86_64/bottlerocket-online");
    let store = folder.join("store");
    let mut pull = Command::new(program);
    pull.args(["host-ctr", "pull-image", "--source", &image]);
    pull.arg("--store")
        .arg(&store)
        .arg("--registry-config")
        .arg(&config);
    pull.env("SSL_CERT_FILE", trusted);
    pull.output()
        .context("the programs are not there; hint: image-builder programs")
}

#[test]
fn a_registry_that_keeps_others_out_lets_the_node_in() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let guard = guard(folder)?;
    let registry = Registry::start_guarded("guarded-registry", Some(&guard))?;
    registry.push_busybox("busybox:1")?;
    let port = registry.address().port();
    let endpoint = format!("https://localhost:{port}");
    let credentials = |password: &str| {
        format!(
            "credentials = [{{registry = 'localhost:{port}', username = '{USER}', \
             password = '{password}'}}]"
        )
    };
    let others = PathBuf::from("/etc/ssl/certs/ca-certificates.crt");
    let trusted = &guard.certificate;
    for (credentials, trusted) in [
        (String::new(), trusted),
        (credentials("wrong"), trusted),
        (credentials(PASSWORD), &others),
    ] {
        let refused = pull(folder, &endpoint, &credentials, trusted)?;
        ensure!(!refused.status.success(), "{credentials}: {refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(said.contains(&endpoint), "{said}");
        ensure!(!said.contains(PASSWORD), "{said}");
    }
    let pulled = pull(folder, &endpoint, &credentials(PASSWORD), trusted)?;
    ensure!(pulled.status.success(), "{pulled:?}");
    ensure!(String::from_utf8_lossy(&pulled.stdout).starts_with("sha256:"));
    Ok(())
}
