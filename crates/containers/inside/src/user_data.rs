//! What people tell the admin container: the user data that Bottlerocket's takes.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Larger is no list of keys.
const MAX_BYTES: usize = 1 << 20;
const DEFAULT_USER: &str = "ec2-user";

/// Who may come in, and how.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct UserData {
    /// The name of the user.
    pub user: Option<String>,
    /// Whether a hash was given, which nothing here asks for.
    pub password_hash: Option<String>,
    /// What is for sshd.
    pub ssh: Ssh,
}

/// What is for sshd.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Ssh {
    /// Keys of users (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
    pub authorized_keys: Vec<String>,
    /// A program of the image that names more of them.
    pub authorized_keys_command: Option<String>,
    /// As whom it runs.
    pub authorized_keys_command_user: Option<String>,
    /// Keys of authorities whose certificates are trusted.
    pub trusted_user_ca_keys: Vec<String>,
    /// Ciphers (sshd_config(5), Ciphers).
    pub ciphers: Vec<String>,
    /// Key exchanges (sshd_config(5), KexAlgorithms).
    pub key_exchange_algorithms: Vec<String>,
}

impl UserData {
    /// Reads it; no file is no wish.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = match files::read_limited(path, MAX_BYTES) {
            Err(error) if error.is_not_found() => return Ok(Self::default()),
            bytes => bytes?,
        };
        let user_data: Self = serde_json::from_slice(&bytes).with_context(|| {
            format!(
                "{}; hint: JSON such as {{\"ssh\": {{\"authorized-keys\": [\"ssh-ed25519 ...\"]}}}}",
                path.display()
            )
        })?;
        user_data.check()?;
        Ok(user_data)
    }

    /// The name of the user.
    pub(crate) fn user(&self) -> &str {
        self.user.as_deref().unwrap_or(DEFAULT_USER)
    }

    /// Whether there is a way in.
    pub(crate) fn lets_somebody_in(&self) -> bool {
        let Ssh {
            authorized_keys,
            authorized_keys_command,
            trusted_user_ca_keys,
            ..
        } = &self.ssh;
        !authorized_keys.is_empty()
            || authorized_keys_command.is_some()
            || !trusted_user_ca_keys.is_empty()
    }

    /// What becomes a line of a file is one line.
    fn check(&self) -> Result<()> {
        let user = self.user();
        let is_name = user.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && user.len() <= 32
            && user
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        ensure!(is_name && user != "root", "`{user}` is no name for a user");
        let Ssh {
            authorized_keys,
            authorized_keys_command,
            authorized_keys_command_user,
            trusted_user_ca_keys,
            ciphers,
            key_exchange_algorithms,
        } = &self.ssh;
        let lists = [
            authorized_keys,
            trusted_user_ca_keys,
            ciphers,
            key_exchange_algorithms,
        ];
        let single = [authorized_keys_command, authorized_keys_command_user];
        let mut all = lists
            .into_iter()
            .flatten()
            .chain(single.into_iter().flatten());
        if let Some(bad) = all.find(|text| text.contains(char::is_control)) {
            anyhow::bail!("{bad:?} is more than one line");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<UserData> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("user-data");
        std::fs::write(&path, text)?;
        UserData::read(&path)
    }

    #[test]
    fn keys_and_names_are_read() {
        let table = [
            (r#"{}"#, "ec2-user", false),
            (r#"{"ssh": {}, "unknown": 1}"#, "ec2-user", false),
            (
                r#"{"ssh": {"authorized-keys": ["ssh-ed25519 AAAA me@here"]}}"#,
                "ec2-user",
                true,
            ),
            (
                r#"{"user": "ops", "ssh": {"trusted-user-ca-keys": ["ssh-ed25519 AAAA ca"]}}"#,
                "ops",
                true,
            ),
        ];
        for (text, user, way_in) in table {
            let user_data = read(text).expect(text);
            assert_eq!(user_data.user(), user, "{text}");
            assert_eq!(user_data.lets_somebody_in(), way_in, "{text}");
        }
        let none = UserData::read(Path::new("/nothing/here")).expect("no user data");
        assert_eq!(none, UserData::default());
    }

    #[test]
    fn what_would_be_more_than_a_line_or_a_name_is_refused() {
        for text in [
            "",
            "[",
            "ssh-ed25519 AAAA me@here",
            r#"{"ssh": {"authorized-keys": "ssh-ed25519 AAAA"}}"#,
            r#"{"ssh": {"authorized-keys": ["ssh-ed25519 AAAA\nPermitRootLogin yes"]}}"#,
            r#"{"ssh": {"ciphers": ["aes\nX"]}}"#,
            r#"{"user": "root"}"#,
            r#"{"user": "a:0:0"}"#,
            r#"{"user": "../x"}"#,
            r#"{"user": ""}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
