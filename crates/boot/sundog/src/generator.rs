//! A generator: what it runs, and what it is made of.

use std::collections::BTreeSet;

use settings_model::Key;

/// What finds the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    /// A command line, quoted as in a shell but run without one.
    pub command: String,
    /// The template that `schnauzer` renders for it.
    pub template: Option<String>,
}

impl Generator {
    pub fn new(command: String) -> Generator {
        Generator {
            command,
            template: None,
        }
    }

    /// The settings that have to have their values first, as far as that is
    /// known: those that a template names.
    pub fn needs(&self) -> BTreeSet<Key> {
        let Some(template) = &self.template else {
            return BTreeSet::new();
        };
        // A broken one fails when it is rendered, which says why.
        settings_render::references("template", template).unwrap_or_default()
    }
}
