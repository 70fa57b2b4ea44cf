//! The checks that settings declare: `/etc/health-checks.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use settings_model::groups::HealthCheck;

use crate::check::{Check, DEFAULT_TIMEOUT, Way};

/// Why the checks are not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// It is not what settings make.
    #[error("{path}: {source}")]
    Toml {
        /// The file.
        path: String,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A check says not what to do.
    #[error("{path}: {name}: {reason}")]
    Check {
        /// The file.
        path: String,
        /// The check.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    health_checks: BTreeMap<String, HealthCheck>,
}

/// Reads the file at `path`; there are none if there is no file.
pub(crate) fn read(path: &Path, systemctl: &Path) -> Result<Vec<Check>, Error> {
    let text = match files::read_to_string(path) {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        text => text?,
    };
    let file: File = toml::from_str(&text).map_err(|source| Error::Toml {
        path: path.display().to_string(),
        source: Box::new(source),
    })?;
    let checks = file.health_checks.into_iter().map(|(name, declared)| {
        let timeout = declared.timeout.as_ref();
        Ok(Check {
            timeout: timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.to_duration()),
            way: way(declared, systemctl).map_err(|reason| Error::Check {
                path: path.display().to_string(),
                name: name.clone(),
                reason,
            })?,
            name,
        })
    });
    checks.collect()
}

fn way(declared: HealthCheck, systemctl: &Path) -> Result<Way, String> {
    match (declared.unit, declared.url, declared.command) {
        (Some(unit), None, None) => Ok(Way::unit(systemctl, unit.as_ref())),
        (None, Some(url), None) => {
            let parsed = url.as_ref().parse();
            parsed.map(Way::Url).map_err(|e| format!("{url}: {e}"))
        }
        (None, None, Some(words)) => Ok(Way::Command(
            words.iter().map(ToString::to_string).collect(),
        )),
        _ => Err("one of unit, url and command must be set".to_owned()),
    }
}
