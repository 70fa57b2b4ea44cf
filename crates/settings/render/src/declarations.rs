//! What the image of one variant says about settings.

use serde_json::Value;
use settings_model::{Model, Platform, Variant};

use crate::fragments::{self, Target};
use crate::template::{self, Environment};
use crate::{Metadata, fragments::Error as FragmentsError, metadata::Error as MetadataError};

/// Why there are no declarations. The image of a variant in `conf/variants`
/// always has them: a test makes all of them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The fragments that apply do not form one tree.
    #[error(transparent)]
    Fragments(#[from] FragmentsError),
    /// What they say together makes no sense.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// Default settings, services, configuration files, and how settings lead to
/// them: the fragments that apply to a variant, put together once.
///
/// Templates are compiled when they are first rendered, and kept.
#[derive(Debug)]
pub struct Declarations {
    defaults: Value,
    metadata: Metadata,
    environment: Environment,
}

impl Declarations {
    /// What applies to a variant: to the groups of its model and to its
    /// platform.
    ///
    /// # Errors
    ///
    /// The fragments for these groups exclude each other, which those of no
    /// variant in `conf/variants` do.
    pub fn of(variant: &Variant) -> Result<Self, Error> {
        Self::for_target(&Target::new(&variant.model, variant.platform))
    }

    /// What applies to a node with every group of settings, on AWS. There is no
    /// such variant: it is for tests and tools that want to see all files.
    pub fn complete() -> Self {
        Self::for_target(&Target::new(&Model::complete(), Platform::Aws))
            .expect("the embedded declarations are consistent: a unit test checks them")
    }

    pub(crate) fn for_target(target: &Target<'_>) -> Result<Self, Error> {
        Self::new(fragments::embedded(target)?)
    }

    /// Takes declarations as the fragments have them: an object with
    /// `settings`, `services`, `configuration-files` and `metadata`, each of
    /// which may be absent. Templates are those of the image.
    ///
    /// # Errors
    ///
    /// See [`MetadataError`].
    pub fn new(mut declared: Value) -> Result<Self, Error> {
        let metadata = Metadata::from_declarations(&declared)?;
        let defaults = declared
            .get_mut("settings")
            .map_or_else(|| Value::Object(Default::default()), Value::take);
        Ok(Self {
            defaults,
            metadata,
            environment: Environment::new(),
        })
    }

    /// The same declarations on a machine with so many processors. Without
    /// this, it is the machine that runs the program.
    pub fn with_processors(mut self, count: usize) -> Self {
        self.environment.processors = count;
        self
    }

    /// The default settings: the tree under `settings`.
    pub fn defaults(&self) -> &Value {
        &self.defaults
    }

    /// Services, configuration files, and what settings have to do with them.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Renders the configuration file called `file` from `settings`, the tree
    /// under `settings`.
    ///
    /// # Errors
    ///
    /// See [`template::Error`].
    pub fn render(&self, settings: &Value, file: &str) -> Result<String, template::Error> {
        let declared = self.metadata.configuration_files.get(file);
        let declared = declared.ok_or_else(|| template::Error::UnknownFile(file.to_owned()))?;
        self.environment.render(settings, &declared.template_path)
    }
}
