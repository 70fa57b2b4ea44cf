//! The text of a unit.

use std::fmt::Display;

use super::Unit;

/// Sections and settings, in the order they are added. Names and values are
/// ours or come from types that hold no line break.
#[derive(Debug, Clone, Default)]
pub(super) struct Text(String);

impl Text {
    pub fn section(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(&format!("[{name}]\n"));
    }

    pub fn set(&mut self, name: &str, value: impl Display) {
        self.0.push_str(&format!("{name}={value}\n"));
    }

    pub fn set_if(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    pub fn set_yes_no(&mut self, name: &str, value: bool) {
        self.set(name, if value { "yes" } else { "no" });
    }

    pub fn into_unit(self, file_name: String) -> Unit {
        Unit {
            file_name,
            contents: format!("# Made by netdog at each boot.\n{}", self.0),
        }
    }
}
