//! Which OS this is.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer::{self, Failure};
use crate::request::Request;
use crate::state::State;

/// Why it is not known which OS this is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] files::Error),
    /// The file does not have a field that it must have.
    #[error("{} has no {field}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
    },
}

/// The answer to `GET /os`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Os {
    pub arch: &'static str,
    pub build_id: String,
    pub pretty_name: String,
    pub variant_id: String,
    pub version_id: String,
}

impl Os {
    /// Reads a file in os-release(5) format.
    pub fn read(path: &Path) -> Result<Os, Error> {
        let text = files::read_to_string(path)?;
        let take = |field| {
            os_release::value(&text, field).ok_or_else(|| Error::Missing {
                path: path.to_owned(),
                field,
            })
        };
        Ok(Os {
            arch: std::env::consts::ARCH,
            build_id: take("BUILD_ID")?,
            pretty_name: take("PRETTY_NAME")?,
            variant_id: take("VARIANT_ID")?,
            version_id: take("VERSION_ID")?,
        })
    }
}

/// `GET /os`
pub(crate) fn get(state: &State, request: &Request) -> answer::Result {
    let Some(prefix) = request.parameters()?.get("prefix")?.map(str::to_owned) else {
        return answer::json(&state.os);
    };
    let prefix = prefix.strip_prefix("os.").unwrap_or(&prefix);
    let fields: Map<String, Value> = match serde_json::to_value(&state.os) {
        Ok(Value::Object(fields)) => fields,
        other => {
            return Err(Failure::internal(format!(
                "the OS is not an object: {other:?}"
            )));
        }
    };
    let part: Map<_, _> = fields
        .into_iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .collect();
    answer::json(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_field_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("os-release");
        std::fs::write(&path, "PRETTY_NAME=a\nVARIANT_ID=b\nVERSION_ID=1\n").unwrap();
        let error = Os::read(&path).unwrap_err();
        assert!(
            error.to_string().ends_with("os-release has no BUILD_ID"),
            "{error}"
        );
    }
}
