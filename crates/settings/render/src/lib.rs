//! What the image says about settings, and what settings become.
//!
//! `conf/settings/defaults/*.toml` declares default settings, services,
//! configuration files and which services a setting affects, in the shapes
//! Bottlerocket uses; `conf/settings/templates` holds the templates. Both are
//! compiled in, so a workstation renders exactly what a node does.

mod filters;
mod fragments;
mod metadata;
mod template;

pub use metadata::{ConfigurationFile, Error as MetadataError, Metadata, Mode, Service};
pub use template::{Error, render, render_template};

use std::sync::LazyLock;

use serde_json::Value;

/// The default settings of the image: the tree under `settings`.
pub fn defaults() -> Value {
    let mut declared = fragments::embedded();
    declared
        .get_mut("settings")
        .map_or_else(|| Value::Object(Default::default()), Value::take)
}

/// The services, configuration files and affected services of the image.
pub fn metadata() -> &'static Metadata {
    static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
        Metadata::from_declarations(&fragments::embedded())
            .expect("the embedded declarations are consistent: a unit test checks them")
    });
    &METADATA
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_declarations_are_consistent() {
        let metadata = metadata();
        assert!(!metadata.services.is_empty());
        for name in metadata.configuration_files.keys() {
            render(&defaults(), name).unwrap();
        }
        assert_eq!(defaults()["motd"], "Welcome to Bottlerocket!");
    }
}
