//! From settings to files and restarts.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use settings_model::Key;
use settings_render::{ConfigurationFile, Metadata};

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

/// Renders the files of the selected services from `settings`, writes those
/// that changed below `root`, and restarts the services that have one of them,
/// if `restart` is given. What goes wrong with one file or service does not
/// keep the others from it.
pub fn apply(
    settings: &Value,
    metadata: &Metadata,
    selection: &Selection,
    root: &Path,
    restart: Option<&mut dyn Restart>,
) -> Report {
    let services: Vec<_> = selection
        .services(metadata)
        .into_iter()
        .filter_map(|name| Some((name, metadata.services.get(name)?)))
        .collect();
    let names: BTreeSet<_> = services
        .iter()
        .flat_map(|(_, s)| &s.configuration_files)
        .collect();

    let mut report = Report::default();
    let mut changed = BTreeSet::new();
    for name in names {
        // Declared: the metadata was checked when it was made.
        let Some(file) = metadata.configuration_files.get(name) else {
            continue;
        };
        let result = update(settings, file, root);
        if let Ok(true) = result {
            tracing::info!("changed {}", file.path.display());
            changed.insert(name);
        }
        report.files.push(FileReport {
            path: file.path.clone(),
            changed: matches!(result, Ok(true)),
            error: result.err(),
        });
    }

    let Some(restart) = restart else {
        return report;
    };
    if report
        .files
        .iter()
        .any(|file| file.changed && file.path.starts_with(UNITS))
    {
        report.error = restart.reload_units().err();
    }
    for (name, service) in services {
        let concerned = service
            .configuration_files
            .iter()
            .any(|file| changed.contains(file));
        let restarts = concerned && !service.restart_commands.is_empty();
        let mut result = Ok(());
        if restarts {
            tracing::info!("restarting {name}");
            result = service
                .restart_commands
                .iter()
                .try_for_each(|command| restart.run(command));
        }
        report.services.push(ServiceReport {
            name: name.to_owned(),
            restarted: restarts && result.is_ok(),
            error: result.err(),
        });
    }
    report
}

/// Returns whether the file had another content.
fn update(settings: &Value, file: &ConfigurationFile, root: &Path) -> Result<bool, String> {
    let rendered = settings_render::render_template(settings, &file.template_path)
        .map_err(|e| e.to_string())?;
    let path = root.join(file.path.strip_prefix("/").unwrap_or(&file.path));
    let mode = file.mode.unwrap_or_default().bits();
    path.parent()
        .map_or(Ok(()), files::create_dir_all)
        .and_then(|()| files::replace_if_changed(&path, rendered.as_bytes(), mode))
        .map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
