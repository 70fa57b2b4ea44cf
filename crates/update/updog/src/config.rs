//! `/etc/updog.toml`, rendered from settings. The proxy that stands there, too,
//! comes through the environment, as for every program.

use std::path::Path;

use serde::Deserialize;
use update_metadata::{Lock, MAX_SEED};
use url::Url;

/// Where updates come from, and which of them this node takes.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of the repository's metadata.
    pub metadata_base_url: Url,
    /// The folder of its targets.
    pub targets_base_url: Url,
    /// The node's place in waves.
    pub seed: u32,
    /// The version that it is to have.
    pub lock: Lock,
    /// Whether it takes no part in waves.
    pub ignore_waves: bool,
}

/// Why there are no updates to be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// It is not what is rendered.
    #[error("{path}: {source}")]
    Toml {
        /// The file.
        path: String,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A setting has no value.
    #[error("{0} is not set; hint: it says where updates come from")]
    Missing(&'static str),
    /// A setting's value makes no sense.
    #[error("{setting} is `{}`: {reason}", .value.escape_debug())]
    Value {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// As it is written: what is not set is left out, or empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    metadata_base_url: Option<String>,
    targets_base_url: Option<String>,
    seed: Option<u32>,
    version_lock: Option<String>,
    ignore_waves: Option<bool>,
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = files::read_to_string(path)?;
        let file: File = toml::from_str(&text).map_err(|source| Error::Toml {
            path: path.display().to_string(),
            source: Box::new(source),
        })?;
        file.check()
    }
}

impl File {
    fn check(self) -> Result<Config, Error> {
        let seed = self.seed.unwrap_or(0);
        if seed >= MAX_SEED {
            return Err(Error::Value {
                setting: "settings.updates.seed",
                value: seed.to_string(),
                reason: format!("it must be below {MAX_SEED}"),
            });
        }
        let lock = self.version_lock.unwrap_or_else(|| "latest".to_owned());
        Ok(Config {
            metadata_base_url: folder(
                "settings.updates.metadata-base-url",
                self.metadata_base_url,
            )?,
            targets_base_url: folder("settings.updates.targets-base-url", self.targets_base_url)?,
            seed,
            lock: lock.parse().map_err(|error| Error::Value {
                setting: "settings.updates.version-lock",
                value: lock.clone(),
                reason: format!("it is neither `latest` nor a version: {error}"),
            })?,
            ignore_waves: self.ignore_waves.unwrap_or(false),
        })
    }
}

/// The URL of a folder: it ends with a slash, or names would replace its last
/// part.
fn folder(setting: &'static str, value: Option<String>) -> Result<Url, Error> {
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or(Error::Missing(setting))?;
    let wrong = |reason: String| Error::Value {
        setting,
        value: value.clone(),
        reason,
    };
    let mut url: Url = value
        .parse()
        .map_err(|e: url::ParseError| wrong(e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https" | "file") {
        return Err(wrong(
            "it must begin with https://, http:// or file://".to_owned(),
        ));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        file.check().map_err(|e| e.to_string())
    }

    const URLS: &str = "metadata_base_url = 'https://u/m'\ntargets_base_url = 'file:///t/'\n";

    #[test]
    fn what_is_rendered_is_read() {
        let config = read(&format!("{URLS}seed = 7\nversion_lock = 'v1.2.3'")).unwrap();
        assert_eq!(config.metadata_base_url.as_str(), "https://u/m/");
        assert_eq!(config.targets_base_url.as_str(), "file:///t/");
        assert_eq!((config.seed, config.ignore_waves), (7, false));
        assert_eq!(config.lock.to_string(), "1.2.3");
        assert_eq!(read(URLS).unwrap().lock, Lock::Latest);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, reason) in [
            ("", "settings.updates.metadata-base-url is not set"),
            ("metadata_base_url = ''", "metadata-base-url is not set"),
            ("metadata_base_url = 'x'", "metadata-base-url is `x`"),
            ("metadata_base_url = 'ftp://x'", "must begin with https://"),
            (&format!("{URLS}seed = 2048"), "must be below 2048"),
            (
                &format!("{URLS}version_lock = 'newest'"),
                "neither `latest` nor",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
