//! Who the node is to Amazon.

use std::path::PathBuf;
use std::time::Duration;

use instance_metadata::{Ec2, Patience};

use crate::Error;

/// In whose folder the file is where nothing says it: on a node
/// `settings.aws.credentials` becomes it.
const HOME: &str = "/root";
const FILE: &str = ".aws/credentials";
const PROFILE: &str = "default";

/// A workstation is mostly no instance: nobody will answer there.
const WORKSTATION: Patience = Patience {
    limit: Duration::from_secs(2),
    attempt: Duration::from_secs(1),
};

/// A key, and what has to go with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) key_id: String,
    pub(crate) key: String,
    pub(crate) token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    /// Says no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Those of this node, the first that there are: of the environment, of settings,
    /// of the role.
    ///
    /// # Errors
    ///
    /// If there are none, or nobody answers who should know.
    pub async fn find() -> Result<Self, Error> {
        Self::first(None, Patience::default()).await
    }

    /// Those of who works here: of the environment, of the profile in their file
    /// (a profile that is given is the only one asked for), of the instance's role.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub async fn of_user(profile: Option<&str>) -> Result<Self, Error> {
        Self::first(profile, WORKSTATION).await
    }

    async fn first(profile: Option<&str>, patience: Patience) -> Result<Self, Error> {
        let environment = |name: &str| std::env::var(name).ok();
        if profile.is_none()
            && let Some(credentials) = Self::of(environment)
        {
            return Ok(credentials);
        }
        let file = match environment("AWS_SHARED_CREDENTIALS_FILE") {
            Some(file) => PathBuf::from(file),
            None => {
                PathBuf::from(environment("HOME").unwrap_or_else(|| HOME.to_owned())).join(FILE)
            }
        };
        let text = match files::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.is_not_found() => String::new(),
            Err(error) => return Err(error.into()),
        };
        let usual = environment("AWS_PROFILE");
        let wanted = profile.or(usual.as_deref()).unwrap_or(PROFILE);
        if let Some(credentials) = Self::of_file(&text, wanted) {
            return Ok(credentials);
        }
        if let Some(profile) = profile {
            return Err(Error::NoProfile {
                file: file.display().to_string(),
                profile: profile.to_owned(),
            });
        }
        // It waits for an answer in its own way.
        let ask = move || Ec2::with_patience(patience).role_credentials();
        let asked = tokio::task::spawn_blocking(ask).await;
        let asked = asked.map_err(|e| Error::Role(e.to_string()))?;
        let role = asked.map_err(|e| Error::Role(e.to_string()))?;
        let role = role.ok_or(Error::NoCredentials)?;
        Ok(Self {
            key_id: role.access_key_id,
            key: role.secret_access_key,
            token: Some(role.token),
        })
    }

    fn of(value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| value(name).filter(|text| !text.is_empty());
        Some(Self {
            key_id: set("AWS_ACCESS_KEY_ID")?,
            key: set("AWS_SECRET_ACCESS_KEY")?,
            token: set("AWS_SESSION_TOKEN"),
        })
    }

    /// A profile of a credentials file.
    fn of_file(text: &str, profile: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let head = format!("[{profile}]");
        lines.find(|line| *line == head)?;
        let profile: Vec<(&str, &str)> = lines
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        Self::of(|wanted| {
            let wanted = wanted.to_ascii_lowercase();
            let found = profile.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_and_no_other() {
        let text = "[other]\naws_access_key_id = other\naws_secret_access_key = no\n\n\
            [default]\n# a comment\naws_access_key_id = AKID\naws_secret_access_key=a/b=c\n\
            [more]\naws_session_token = no\n";
        let other = Credentials::of_file(text, "other").expect("credentials");
        assert_eq!(other.key_id, "other");
        assert_eq!(Credentials::of_file(text, "more"), None);
        let found = Credentials::of_file(text, PROFILE).expect("credentials");
        assert_eq!(
            found,
            Credentials {
                key_id: "AKID".to_owned(),
                key: "a/b=c".to_owned(),
                token: None,
            }
        );
        assert!(!format!("{found:?}").contains("a/b"));
        for text in [
            "",
            "[default]\n",
            "aws_access_key_id = a\naws_secret_access_key = b\n",
        ] {
            assert_eq!(Credentials::of_file(text, PROFILE), None, "{text}");
        }
    }

    #[test]
    fn the_environment_is_taken_if_it_is_whole() {
        let of = |set: &[(&str, &str)]| {
            Credentials::of(|name| {
                let found = set.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let key = ("AWS_ACCESS_KEY_ID", "a");
        let secret = ("AWS_SECRET_ACCESS_KEY", "b");
        assert!(of(&[key, secret, ("AWS_SESSION_TOKEN", "t")]).is_some_and(|c| c.token.is_some()));
        assert!(of(&[key, secret, ("AWS_SESSION_TOKEN", "")]).is_some_and(|c| c.token.is_none()));
        assert_eq!(of(&[key]), None);
    }
}
