//! From settings to files and restarts.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use settings_model::Key;
use settings_render::{ConfigurationFile, Declarations, Metadata, Service};

use crate::{FileReport, Report, Request, Restart, ServiceReport};

/// systemd has to read these again before a restart makes use of them.
const UNITS: &str = "/etc/systemd/system";

/// Which settings the node is to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those that changed.
    Keys(Vec<Key>),
}

impl From<Request> for Selection {
    fn from(request: Request) -> Self {
        request.keys.map_or(Self::All, Self::Keys)
    }
}

impl Selection {
    fn services<'a>(&self, metadata: &'a Metadata) -> BTreeSet<&'a str> {
        match self {
            Self::All => metadata.services.keys().map(String::as_str).collect(),
            Self::Keys(keys) => keys
                .iter()
                .flat_map(|key| metadata.affected_services(key.segments()))
                .collect(),
        }
    }
}

/// What was written, and which services have to know.
#[derive(Debug)]
pub struct Written<'a> {
    services: Vec<(&'a str, &'a Service)>,
    changed: BTreeSet<&'a str>,
    files: Vec<FileReport>,
}

/// Renders the files of the selected services from `settings`, and writes
/// those that changed below `root`. What goes wrong with one file does not
/// keep the others from it.
pub fn write<'a>(
    settings: &Value,
    declarations: &'a Declarations,
    selection: &Selection,
    root: &Path,
) -> Written<'a> {
    let metadata = declarations.metadata();
    let services: Vec<_> = selection
        .services(metadata)
        .into_iter()
        .filter_map(|name| Some((name, metadata.services.get(name)?)))
        .collect();
    let names: BTreeSet<_> = services
        .iter()
        .flat_map(|(_, service)| &service.configuration_files)
        .collect();
    let mut changed = BTreeSet::new();
    let mut files = Vec::new();
    for name in names {
        // Declared: the metadata was checked when it was made.
        let Some(file) = metadata.configuration_files.get(name) else {
            continue;
        };
        let result = declarations
            .render(settings, name)
            .map_err(|e| e.to_string())
            .and_then(|content| Ok(on_base(file, root)? + &content))
            .and_then(|content| update(file, &content, root));
        if let Ok(true) = result {
            tracing::info!("changed {}", file.path.display());
            changed.insert(name.as_str());
        }
        files.push(FileReport {
            path: file.path.clone(),
            changed: matches!(result, Ok(true)),
            error: result.err(),
        });
    }
    Written {
        services,
        changed,
        files,
    }
}

/// The file of the image that comes before what is rendered; nothing, where an
/// image has no such file.
fn on_base(file: &ConfigurationFile, root: &Path) -> Result<String, String> {
    let Some(base) = &file.base else {
        return Ok(String::new());
    };
    let path = root.join(base.strip_prefix("/").unwrap_or(base));
    match files::read_to_string(&path) {
        Err(error) if error.is_not_found() => Ok(String::new()),
        text => text.map_err(|e| e.to_string()),
    }
}

impl Written<'_> {
    /// Leaves the services alone.
    pub fn without_restarts(self) -> Report {
        Report {
            files: self.files,
            ..Report::default()
        }
    }

    /// Restarts the services that have a changed file. What goes wrong with
    /// one does not keep the others from it.
    pub fn restart(self, restart: &mut dyn Restart) -> Report {
        let mut report = Report::default();
        let unit_changed = |file: &FileReport| file.changed && file.path.starts_with(UNITS);
        if self.files.iter().any(unit_changed) {
            report.error = restart.reload_units().err();
        }
        let concerned = |service: &Service| {
            let mut files = service.configuration_files.iter();
            files.any(|file| self.changed.contains(file.as_str()))
        };
        let commands: Vec<&[String]> = self
            .services
            .iter()
            .map(|(name, service)| {
                let restarts = concerned(service) && !service.restart_commands.is_empty();
                if restarts {
                    tracing::info!("restarting {name}");
                }
                match restarts {
                    true => service.restart_commands.as_slice(),
                    false => &[],
                }
            })
            .collect();
        let outcomes = restart.run(&commands);
        for (((name, _), commands), outcome) in self.services.iter().zip(&commands).zip(outcomes) {
            report.services.push(ServiceReport {
                name: (*name).to_owned(),
                restarted: !commands.is_empty() && outcome.is_ok(),
                error: outcome.err(),
            });
        }
        report.files = self.files;
        report
    }
}

/// Returns whether the file had another content.
fn update(file: &ConfigurationFile, content: &str, root: &Path) -> Result<bool, String> {
    let path = root.join(file.path.strip_prefix("/").unwrap_or(&file.path));
    let mode = file.mode.unwrap_or_default().bits();
    path.parent()
        .map_or(Ok(()), files::create_dir_all)
        .and_then(|()| files::replace_if_changed(&path, content.as_bytes(), mode))
        .map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
