//! `validate`: user data without a node.

use clap::Args;

use super::Result;
use crate::variant::{self, VariantArgument};
use crate::{candidate, source};

#[derive(Debug, Args)]
pub struct Validate {
    /// User data, as `apply` takes it
    #[arg(value_name = "SOURCE|-", required = true)]
    sources: Vec<String>,

    #[command(flatten)]
    variant: VariantArgument,
}

impl Validate {
    pub fn run(self) -> Result {
        let variant = self.variant.read()?;
        let documents = source::read_documents(&self.sources)?;
        candidate::settings(&variant, &variant::declarations(&variant)?, &documents)?;
        for document in &documents {
            eprintln!("{} is valid for {}", document.origin(), variant.name);
        }
        Ok(())
    }
}
