//! The generator of settings that are made of other settings.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use apiclient::Client;
use clap::Parser;
use serde_json::json;
use settings_model::Key;

use crate::api;

/// Prints the value of a setting, as its template makes it of other settings.
///
/// Exit codes: 0 if it printed a value, 2 if the template needs a setting that
/// is not set (or the arguments are wrong), 1 if something else is wrong.
#[derive(Debug, Parser)]
#[command(name = "schnauzer", version)]
struct Cli {
    /// The setting, such as `settings.host-containers.admin.source`
    #[arg(value_name = "KEY")]
    key: String,

    /// Socket of the API server
    #[arg(short, long, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
    socket_path: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let client = Client::new(cli.socket_path);
        let key = Key::parse_prefixed(&cli.key)?;
        let Some(text) = render(&client, &key)? else {
            return Ok(ExitCode::from(2));
        };
        let mut line = json!(text).to_string();
        line.push('\n');
        let printed = io::stdout().write_all(line.as_bytes());
        printed.context("failed to print the value")?;
        Ok(ExitCode::SUCCESS)
    })
}

fn render(client: &Client, key: &Key) -> anyhow::Result<Option<String>> {
    let mut templates = api::templates(client, std::iter::once(key))?;
    let Some(template) = templates.remove(key) else {
        bail!("no template is declared for {}", key.with_prefix());
    };
    let settings = client.settings().context("failed to read the settings")?;
    match settings_render::render_str(&settings, &key.with_prefix(), &template) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.is_undefined() => {
            tracing::info!("{error}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
