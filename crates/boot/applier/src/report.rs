//! What an applier did, as it answers.

use std::path::PathBuf;

use serde::Serialize;

/// What became of each file and service concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Configuration files, by name.
    pub files: Vec<FileReport>,
    /// Services, by name.
    pub services: Vec<ServiceReport>,
    /// What went wrong with the whole, and not with one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its path on the node.
    pub path: PathBuf,
    /// Whether it was written, because its content was another.
    pub changed: bool,
    /// Why it could not be rendered or written.
    pub error: Option<String>,
}

/// What became of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceReport {
    /// Its name in the declarations.
    pub name: String,
    /// Whether its restart commands ran, all of them well.
    pub restarted: bool,
    /// Which restart command failed, and how.
    pub error: Option<String>,
}

impl Report {
    /// A report that nothing could be done.
    pub fn failed(error: String) -> Self {
        Self {
            error: Some(error),
            ..Self::default()
        }
    }

    /// Everything that went wrong, one sentence each.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        let files = self.files.iter().filter_map(|file| {
            let error = file.error.as_ref()?;
            Some(format!(
                "{} is not up to date: {error}",
                file.path.display()
            ))
        });
        let services = self.services.iter().filter_map(|service| {
            let error = service.error.as_ref()?;
            Some(format!(
                "service {} was not restarted: {error}",
                service.name
            ))
        });
        self.error.iter().cloned().chain(files).chain(services)
    }
}
