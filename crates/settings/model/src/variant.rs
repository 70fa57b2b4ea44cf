//! A variant of the system, as `conf/variants/NAME.toml` describes it.

use serde::Deserialize;

use crate::{Error, Model};

/// What a variant is made for, and what can be set on it.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The name, such as `metal-dev`.
    pub name: String,
    /// Where its nodes run.
    pub platform: Platform,
    /// The groups of settings it has.
    pub model: Model,
}

/// Where nodes run: it says which source of user data there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Bare metal, and virtual machines without a cloud around them.
    Metal,
    /// Amazon EC2.
    Aws,
    /// VMware vSphere.
    Vmware,
    /// Small virtual machines without firmware.
    Microvm,
}

/// Why a variant is refused.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The file is not TOML, or has no platform or no list of groups.
    #[error("variant `{name}`: {source}")]
    Format {
        /// The variant.
        name: String,
        /// Line, column and what was expected there.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// It names a group that is not there.
    #[error("variant `{name}`: {source}")]
    Group {
        /// The variant.
        name: String,
        /// The group.
        #[source]
        source: Error,
    },
}

/// The keys of the file that say what a variant is; the others (software,
/// kernel parameters, disk layout) are for the builder of images alone.
#[derive(Debug, Deserialize)]
struct File {
    platform: Platform,
    settings: Vec<String>,
}

impl Variant {
    /// Reads the text of `conf/variants/NAME.toml`.
    ///
    /// # Errors
    ///
    /// See [`VariantError`].
    pub fn parse(name: &str, toml_text: &str) -> Result<Variant, VariantError> {
        let file: File = toml::from_str(toml_text).map_err(|source| VariantError::Format {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        let model = Model::of(&file.settings).map_err(|source| VariantError::Group {
            name: name.to_owned(),
            source,
        })?;
        Ok(Variant {
            name: name.to_owned(),
            platform: file.platform,
            model,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_settings_is_read() {
        let variant = Variant::parse(
            "metal-dev",
            "platform = \"metal\"\nsettings = [\"ntp\", \"motd\"]\nsoftware = [\"base\"]\n\
             kernel-parameters = [\"quiet\"]\n[disk]\nesp-mib = 1\n",
        )
        .unwrap();
        assert_eq!(variant.name, "metal-dev");
        assert_eq!(variant.platform, Platform::Metal);
        assert_eq!(variant.model.groups().collect::<Vec<_>>(), ["motd", "ntp"]);
    }

    #[test]
    fn bad_variants_are_explained() {
        for (text, message) in [
            (
                "platform = \"moon\"\nsettings = []",
                "unknown variant `moon`, expected one of `metal`, `aws`, `vmware`, `microvm`",
            ),
            ("settings = []", "missing field `platform`"),
            ("platform = \"metal\"", "missing field `settings`"),
            (
                "platform = \"metal\"\nsettings = [\"ntq\"]",
                "variant `x`: settings.ntq: unknown field `ntq`, expected one of ",
            ),
        ] {
            let error = Variant::parse("x", text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
