//! What commands and containers have in common.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use apiclient::{Client, Layer};
use serde::de::DeserializeOwned;
use serde_json::json;
use settings_model::groups::BootstrapMode;
use tracing::{error, info, warn};

/// Something to run.
#[derive(Debug)]
pub(crate) struct Step<T> {
    pub name: String,
    pub mode: BootstrapMode,
    pub essential: bool,
    pub work: T,
}

/// Reads the table `key` of a file that settings make; there is nothing to do if
/// there is no file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, key: &str) -> Result<BTreeMap<String, T>> {
    let text = match files::read_to_string(path) {
        Err(error) if error.is_not_found() => return Ok(BTreeMap::new()),
        text => text?,
    };
    let mut file: BTreeMap<String, BTreeMap<String, T>> =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(file.remove(key).unwrap_or_default())
}

/// Takes the steps, but those that are off. The first essential one that fails is
/// the last one.
pub(crate) fn take<T>(
    steps: impl IntoIterator<Item = Step<T>>,
    group: &str,
    client: &Client,
    mut run: impl FnMut(&str, &T) -> Result<()>,
) -> ExitCode {
    for step in steps {
        let Step { name, mode, .. } = &step;
        if *mode == BootstrapMode::Off {
            continue;
        }
        info!("{name} begins");
        let result = run(name, &step.work);
        if *mode == BootstrapMode::Once {
            let off = turn_off(client, group, name);
            if let Err(reason) = off {
                warn!("failed to turn {name} off: {reason:#}");
            }
        }
        match result {
            Ok(()) => info!("{name} is done"),
            Err(reason) => {
                let text = format!("{name}: {reason:#}");
                error!("{text}");
                // Without the API there is nobody to be told.
                if let Err(reason) = client.report_problem(group, &text) {
                    warn!("{reason}");
                }
                if step.essential {
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn turn_off(client: &Client, group: &str, name: &str) -> Result<()> {
    let transaction = format!("{group}-{name}");
    let changes = json!({group: {name: {"mode": "off"}}});
    client.patch_settings(&changes, &transaction, Layer::Api)?;
    client.commit_and_apply(&transaction)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_taken_in_order_until_an_essential_one_fails() {
        let step = |name: &str, mode, essential, works| Step {
            name: name.to_owned(),
            mode,
            essential,
            work: works,
        };
        let always = BootstrapMode::Always;
        let taken = |steps: Vec<Step<bool>>| {
            let mut taken = Vec::new();
            let code = take(steps, "test", &Client::new("/nothing"), |name, works| {
                taken.push(name.to_owned());
                anyhow::ensure!(*works, "it does not");
                Ok(())
            });
            (code, taken.join(" "))
        };
        let (code, names) = taken(vec![
            step("a", always, true, true),
            step("b", BootstrapMode::Off, true, false),
            step("c", always, false, false),
            step("d", BootstrapMode::Once, true, true),
        ]);
        assert_eq!((code, names.as_str()), (ExitCode::SUCCESS, "a c d"));
        let (code, names) = taken(vec![
            step("a", always, true, false),
            step("b", always, true, true),
        ]);
        assert_eq!((code, names.as_str()), (ExitCode::FAILURE, "a"));
    }

    #[test]
    fn a_file_that_makes_no_sense_is_an_error_and_none_is_nothing_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        assert!(read::<u8>(&path, "a").expect("nothing").is_empty());
        std::fs::write(&path, "[a]\nb = 1\n").expect("a file");
        assert_eq!(read::<u8>(&path, "a").expect("a table")["b"], 1);
        assert!(read::<u8>(&path, "c").expect("no table").is_empty());
        std::fs::write(&path, "[a]\nb = 'text'\n").expect("a file");
        assert!(read::<u8>(&path, "a").is_err());
    }
}
