//! `schema`: what user data may say, for editors and other tools.

use clap::{Args, ValueEnum};

use super::Result;
use crate::output;
use crate::variant::VariantArgument;

#[derive(Debug, Args)]
pub struct Schema {
    #[command(flatten)]
    variant: VariantArgument,

    /// Draft of JSON Schema; editors of TOML know 4
    #[arg(long, default_value = "2020-12")]
    draft: Draft,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Draft {
    #[value(name = "4")]
    Four,
    #[value(name = "2020-12")]
    Of2020,
}

impl Schema {
    pub fn run(self) -> Result {
        let model = self.variant.read()?.model;
        output::print_json(&match self.draft {
            Draft::Four => model.schema_draft4(),
            Draft::Of2020 => model.schema(),
        })
    }
}
