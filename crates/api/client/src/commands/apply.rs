//! `apply`: settings from user data.

use apiclient::{Client, Error, Layer};
use clap::Args;

use super::Result;
use super::transaction::in_transaction;
use crate::failure::Failure;
use crate::source;

#[derive(Debug, Args)]
pub struct Apply {
    /// Files with a `[settings]` table, later ones on top: a path, a URL that
    /// begins with file, https or http, `base64:` and the encoded text, or `-`
    /// for standard input
    #[arg(value_name = "SOURCE|-", default_value = "-")]
    sources: Vec<String>,
}

impl Apply {
    pub fn run(self, client: &Client) -> Result {
        // All are read before the first one is sent.
        let documents = source::read_documents(&self.sources)?;
        in_transaction(client, "apply", |transaction| {
            for document in &documents {
                client
                    .patch_settings(document.settings(), transaction, Layer::Api)
                    .map_err(|error| match &error {
                        Error::Refused { message, hint, .. } if error.is_refusal() => {
                            Failure::from(document.fault(message.as_str())).or_hint(hint.clone())
                        }
                        _ => error.into(),
                    })?;
            }
            Ok(())
        })
    }
}
