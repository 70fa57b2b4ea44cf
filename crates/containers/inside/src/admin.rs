//! The first program of the admin container: prepares sshd, and becomes it.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use tracing::{info, warn};

use crate::user_data::UserData;

const SSHD: &str = "/usr/sbin/sshd";
const KEYGEN: &str = "/usr/bin/ssh-keygen";
/// Kinds of keys that the server has.
const KEY_KINDS: [&str; 2] = ["ed25519", "ecdsa"];

/// Lets those in whose keys the user data names, and becomes the SSH server.
///
/// Exit codes: those of sshd; 1 if it cannot be started.
#[derive(Debug, Parser)]
#[command(name = "start-admin", version)]
struct Cli {
    /// What is found again when the container starts the next time
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/.bottlerocket/host-containers/current"
    )]
    persistent: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| -> Result<ExitCode> {
        let user_data = match UserData::read(&cli.persistent.join("user-data")) {
            Ok(user_data) => user_data,
            // Without keys it can still be entered: `apiclient exec admin`.
            Err(error) => {
                warn!("user data: {}", applet::explain(&error));
                UserData::default()
            }
        };
        if user_data.password_hash.is_some() {
            warn!("user data has a password, which nothing here asks for");
        }
        let keys = host_keys(&cli.persistent.join("etc/ssh"))?;
        prepare(Path::new("/"), &user_data, &keys)?;
        match user_data.lets_somebody_in() {
            true => info!("ssh lets `{}` in", user_data.user()),
            false => warn!(
                "ssh lets nobody in, as user data has no key; there is `apiclient exec admin`"
            ),
        }
        let error = Command::new(SSHD).args(["-D", "-e"]).exec();
        Err(error).context(SSHD)
    })
}

/// The server's keys, which are made once.
fn host_keys(folder: &Path) -> Result<Vec<PathBuf>> {
    files::create_dir_all(folder)?;
    let mut keys = Vec::new();
    for kind in KEY_KINDS {
        let path = folder.join(format!("ssh_host_{kind}_key"));
        if !path.exists() {
            let new = folder.join("new");
            for old in [new.clone(), new.with_extension("pub")] {
                let _ = std::fs::remove_file(old);
            }
            let mut keygen = Command::new(KEYGEN);
            keygen.args(["-q", "-t", kind, "-N", "", "-C", "", "-f"]);
            process::output(keygen.arg(&new))?;
            let public = path.with_extension("pub");
            let made = std::fs::rename(new.with_extension("pub"), &public);
            files::at("make", &public, made)?;
            files::at("make", &path, std::fs::rename(&new, &path))?;
        }
        keys.push(path);
    }
    Ok(keys)
}

/// Writes what sshd reads.
fn prepare(root: &Path, user_data: &UserData, host_keys: &[PathBuf]) -> Result<()> {
    let user = user_data.user();
    let passwd = root.join("etc/passwd");
    let mut accounts = files::read_to_string(&passwd)?;
    if !accounts
        .lines()
        .any(|line| line.split(':').next() == Some(user))
    {
        // Another name of root: the container is for those who have all rights.
        accounts += &format!("{user}:x:0:0::/home/{user}:/bin/bash\n");
        files::replace(&passwd, accounts.as_bytes(), 0o644)?;
    }
    let ssh = root.join("home").join(user).join(".ssh");
    files::create_dir_all(&ssh)?;
    let closed = std::fs::set_permissions(&ssh, Permissions::from_mode(0o700));
    files::at("change", &ssh, closed)?;
    let lines = |keys: &[String]| {
        keys.iter()
            .map(|key| format!("{key}\n"))
            .collect::<String>()
    };
    let authorized = lines(&user_data.ssh.authorized_keys);
    files::replace(&ssh.join("authorized_keys"), authorized.as_bytes(), 0o600)?;
    let etc = root.join("etc/ssh");
    files::create_dir_all(&etc)?;
    let authorities = lines(&user_data.ssh.trusted_user_ca_keys);
    files::replace(
        &etc.join("trusted_user_ca_keys"),
        authorities.as_bytes(),
        0o600,
    )?;
    let config = config(user_data, host_keys);
    files::replace(&etc.join("sshd_config"), config.as_bytes(), 0o600)?;
    files::create_dir_all(&root.join("run/sshd"))?;
    Ok(())
}

/// sshd_config(5).
fn config(user_data: &UserData, host_keys: &[PathBuf]) -> String {
    let ssh = &user_data.ssh;
    let mut text = String::from(
        "Port 22\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nAuthenticationMethods publickey\n\
         X11Forwarding no\nPrintMotd yes\nAcceptEnv LANG LC_*\n\
         Subsystem sftp internal-sftp\n",
    );
    let mut line = |name: &str, value: &str| text += &format!("{name} {value}\n");
    // Who else has no password has uid 0, too.
    line("AllowUsers", user_data.user());
    for key in host_keys {
        line("HostKey", &key.to_string_lossy());
    }
    if let Some(command) = &ssh.authorized_keys_command {
        line("AuthorizedKeysCommand", command);
        let user = ssh.authorized_keys_command_user.as_deref();
        line("AuthorizedKeysCommandUser", user.unwrap_or("nobody"));
    }
    if !ssh.trusted_user_ca_keys.is_empty() {
        line("TrustedUserCAKeys", "/etc/ssh/trusted_user_ca_keys");
    }
    for (name, list) in [
        ("Ciphers", &ssh.ciphers),
        ("KexAlgorithms", &ssh.key_exchange_algorithms),
    ] {
        if !list.is_empty() {
            line(name, &list.join(","));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sshd_reads_follows_the_user_data() {
        let root = tempfile::tempdir().expect("a folder");
        let etc = root.path().join("etc");
        std::fs::create_dir(&etc).expect("a folder");
        std::fs::write(etc.join("passwd"), "root:x:0:0::/root:/bin/bash\n").expect("a file");
        let text = r#"{"user": "ops", "ssh": {
            "authorized-keys": ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"],
            "authorized-keys-command": "/opt/keys %u",
            "trusted-user-ca-keys": ["ssh-ed25519 CCCC ca"],
            "ciphers": ["a", "b"]}}"#;
        let user_data: UserData = serde_json::from_str(text).expect("user data");
        let keys = [PathBuf::from("/persistent/key")];
        // Twice: a container that is started again finds what it wrote.
        for _ in 0..2 {
            prepare(root.path(), &user_data, &keys).expect("prepared");
        }
        let read = |path: &str| std::fs::read_to_string(root.path().join(path)).expect(path);
        assert_eq!(
            read("etc/passwd"),
            "root:x:0:0::/root:/bin/bash\nops:x:0:0::/home/ops:/bin/bash\n"
        );
        assert_eq!(
            read("home/ops/.ssh/authorized_keys"),
            "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n"
        );
        let config = read("etc/ssh/sshd_config");
        for line in [
            "AllowUsers ops",
            "HostKey /persistent/key",
            "AuthorizedKeysCommand /opt/keys %u",
            "AuthorizedKeysCommandUser nobody",
            "TrustedUserCAKeys /etc/ssh/trusted_user_ca_keys",
            "Ciphers a,b",
            "PasswordAuthentication no",
        ] {
            assert!(config.lines().any(|found| found == line), "{config}");
        }
        assert!(!config.contains("KexAlgorithms"));
    }
}
