//! What the image says about settings, and what settings become.
//!
//! `conf/settings/defaults/*.toml` declares default settings, generators of
//! settings, services, configuration files and which services a setting
//! affects, in the shapes Bottlerocket uses; `conf/settings/templates` holds
//! the templates. Both are compiled in, so a workstation renders exactly what a
//! node does. Which of the declarations are those of an image is a matter of
//! its variant: see [`Declarations`].

mod declarations;
mod fragments;
mod helpers;
mod metadata;
mod template;

pub use declarations::{Declarations, Error as DeclarationsError};
pub use fragments::Error as FragmentsError;
pub use metadata::{
    ConfigurationFile, Error as MetadataError, Generator, Metadata, Mode, Service, Strength,
};
pub use template::{Error, references, render_str};

/// The default settings of a variant that has the oldest groups only, for the
/// callers that do not know their variant yet.
pub fn defaults() -> serde_json::Value {
    let model = settings_model::Model::of(&["motd", "ntp", "kernel", "network"])
        .expect("the model has these groups: a test of the model says so");
    Declarations::for_target(&fragments::Target::new(
        &model,
        settings_model::Platform::Metal,
    ))
    .expect("the embedded declarations are consistent: a unit test checks them")
    .defaults()
    .clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_declarations_are_consistent() {
        let complete = Declarations::complete();
        assert_eq!(complete.defaults()["motd"], "Welcome to Bottlerocket!");
        assert_eq!(defaults()["motd"], "Welcome to Bottlerocket!");
    }
}
