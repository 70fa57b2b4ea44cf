//! `raw`: one request, as it is.

use apiclient::Client;
use clap::Args;

use super::Result;
use crate::failure::Failure;
use crate::output;

/// One request, as it is.
#[derive(Debug, Args)]
pub struct Raw {
    /// Path and query of the request, such as `/settings`
    #[arg(short, long)]
    uri: Option<String>,

    /// Method of the request [default: GET]
    #[arg(short, long, short_alias = 'X')]
    method: Option<String>,

    /// Body of the request, as JSON
    #[arg(short, long)]
    data: Option<String>,
}

impl Raw {
    /// Whether any of it is on the command line.
    pub fn is_given(&self) -> bool {
        self.uri.is_some() || self.method.is_some() || self.data.is_some()
    }

    pub fn run(self, client: &Client) -> Result {
        let Some(uri) = self.uri else {
            let message = "give a command, or a path with --uri";
            return Err(Failure::Usage(message.to_owned()));
        };
        let method = self.method.unwrap_or_else(|| "GET".to_owned());
        let response = client.send(&method.to_uppercase(), &uri, self.data.as_deref())?;
        output::print(response.body)
    }
}
