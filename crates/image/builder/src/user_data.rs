//! User data that goes along with an image.

use anyhow::{Result, anyhow};
use apiclient::user_data::Document;
use settings_model::Model;
use std::path::Path;

/// Reads user data, and checks each setting for itself: a node refuses a document with a
/// mistake as a whole, when nobody is there to mend it.
pub(crate) fn read(path: &Path, model: &Model) -> Result<Vec<u8>> {
    let bytes = files::read(path)?;
    let explain = |error: apiclient::user_data::Error| match error.excerpt() {
        Some(excerpt) => anyhow!("{error}\n{excerpt}"),
        None => anyhow!("{error}"),
    };
    let document = Document::parse(path.display().to_string(), &bytes).map_err(explain)?;
    let fault = match model.normalise(document.settings()) {
        Ok(_) => return Ok(bytes),
        Err(fault) => fault,
    };
    let error = explain(document.fault(fault.to_string()));
    Err(match fault.hint() {
        Some(hint) => anyhow!("{error}\nhint: {hint}"),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_found_before_a_machine_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("user-data.toml");
        let model = Model::of(&["motd", "ntp"]).unwrap();
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path, &model).map_err(|e| format!("{e:#}"))
        };
        let good = "[settings]\nmotd = \"hello\"\n";
        assert_eq!(read(good).unwrap(), good.as_bytes());
        for (text, expected) in [
            ("[settings]\nmotd = 1\n", ":2:"),
            (
                "[settings.ntp]\ntime-severs = []\n",
                "did you mean `time-servers`?",
            ),
            ("[settings.kubernetes]\n", "kubernetes"),
            ("motd = 'hello'\n", "`motd` is not allowed here"),
            ("#!/bin/sh\n", "no `[settings]`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(
                error.contains(expected) && error.contains("user-data.toml"),
                "{error}"
            );
        }
    }
}
