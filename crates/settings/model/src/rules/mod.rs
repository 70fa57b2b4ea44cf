//! Rules between settings: what no single value can know.
//!
//! A rule refuses only what cannot work, so that settings which have worked
//! elsewhere go on working. Each says why.

mod boot;
mod cloudformation;
mod container_registry;
mod containers;
mod kernel;
mod kubelet_plugins;
mod kubernetes;
mod oci_defaults;
mod pki;

use crate::{Error, Key, Settings};

/// Looks at a group of settings, and perhaps at others, for what is wrong.
type Rule = fn(&Settings, &mut Faults);

const RULES: &[Rule] = &[
    boot::check,
    kernel::check,
    pki::check,
    containers::check,
    container_registry::check,
    oci_defaults::check,
    cloudformation::check,
    kubernetes::check,
    kubelet_plugins::check,
];

/// Holds settings against every rule, and returns what is wrong with them.
pub(crate) fn check(settings: &Settings) -> Vec<Error> {
    let mut faults = Faults(Vec::new());
    for rule in RULES {
        rule(settings, &mut faults);
    }
    faults.0
}

/// What rules have found.
struct Faults(Vec<Error>);

impl Faults {
    /// A setting that does not go with others.
    fn add(&mut self, key: &[&str], reason: impl AsRef<str>) {
        self.0.push(Error::new(setting(key), reason));
    }

    /// A setting that must be set too.
    fn missing(&mut self, key: &[&str], because: impl AsRef<str>) {
        self.add(key, format!("it must be set, since {}", because.as_ref()));
    }

    /// What to do about the fault that was found last.
    fn hint(&mut self, hint: String) {
        if let Some(last) = self.0.pop() {
            self.0.push(last.with_hint(Some(hint)));
        }
    }
}

fn setting(segments: &[&str]) -> String {
    Key::new(segments.iter().copied())
        .map_or_else(|_| "settings".to_owned(), |key| key.with_prefix())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::Model;

    /// Holds the rules against trees that are fine and trees that are not.
    pub(crate) fn table(good: &[Value], bad: &[(Value, &str)]) {
        let model = Model::complete();
        for tree in good {
            assert_eq!(model.broken_rules(tree).unwrap(), [], "{tree}");
        }
        for (tree, message) in bad {
            let faults = model.broken_rules(tree).unwrap();
            let messages: Vec<String> = faults.iter().map(ToString::to_string).collect();
            assert_eq!(messages, [*message], "{tree}");
            assert_eq!(model.validate(tree).unwrap_err(), faults[0]);
        }
    }
}
