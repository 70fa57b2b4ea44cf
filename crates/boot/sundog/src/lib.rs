//! Finds the values of settings that nobody has set.
//!
//! * `sundog` asks the API which settings have a generator, runs those whose
//!   setting has no value, and commits what they print as generated values.
//! * `schnauzer` is such a generator: it renders the template that is declared
//!   for a setting.
//! * `bork` is another one: it draws a random number.
//!
//! A generator prints its value as JSON and ends with 0; it ends with 2 if
//! there is nothing to set, and with any other code if it failed.
//!
//! A generator that fails is no reason for a node not to boot: its setting
//! stays unset, the node is reported as degraded, and the boot goes on.

mod api;
mod bork;
mod generator;
mod order;
mod run;
mod schnauzer;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use apiclient::Client;
use clap::Parser;
use serde_json::Value;
use settings_model::{Key, tree};

use api::Failed;
use generator::Generator;
use order::Order;

pub use bork::main as bork;
pub use schnauzer::main as schnauzer;

/// Finds the values of settings that nobody has set.
///
/// Exit codes: 0 if the API could be asked, 1 if not, 2 for wrong arguments.
#[derive(Debug, Parser)]
#[command(name = "sundog", version)]
struct Cli {
    /// Socket of the API server
    #[arg(short, long, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
    socket_path: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let client = Client::new(cli.socket_path);
        for problem in generate(&client)? {
            tracing::error!("{problem}");
            if let Err(error) = client.report_problem("sundog", &problem) {
                tracing::warn!("the problem was not reported: {error}");
            }
        }
        Ok(())
    })
}

/// Runs all generators that have to. Returns what went wrong with some of
/// them, a sentence each.
fn generate(client: &Client) -> anyhow::Result<Vec<String>> {
    let generators = api::due(client).context("failed to read what is to be generated")?;
    let Order { levels, cycles } = order::of(&generators);
    let mut problems: Vec<String> = cycles.iter().map(ToString::to_string).collect();
    for level in levels {
        // What was generated before may be what these are made of.
        let proxies = api::proxies(client)?;
        let mut found = BTreeMap::new();
        for (key, outcome) in run::all(&level, &proxies) {
            match outcome {
                Ok(Some(value)) => {
                    tracing::info!("generated {}", key.with_prefix());
                    found.insert(key, value);
                }
                Ok(None) => tracing::info!("nothing to generate for {}", key.with_prefix()),
                Err(failed) => problems.push(sentence(&key, &failed.to_string())),
            }
        }
        set(client, found, &mut problems)?;
    }
    Ok(problems)
}

/// Commits values, those that the API takes.
fn set(
    client: &Client,
    found: BTreeMap<Key, Value>,
    problems: &mut Vec<String>,
) -> anyhow::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    match api::set(client, &tree::nest(&found)) {
        Ok(()) => Ok(()),
        Err(Failed::Api(error)) => Err(error).context("failed to set what was generated"),
        Err(Failed::Refused(reason)) if found.len() == 1 => {
            let key = found.keys().next().context("there is one")?;
            problems.push(sentence(key, &reason));
            Ok(())
        }
        // One by one, to tell the good ones from the bad.
        Err(Failed::Refused(_)) => found
            .into_iter()
            .try_for_each(|(key, value)| set(client, BTreeMap::from([(key, value)]), problems)),
    }
}

fn sentence(key: &Key, reason: &str) -> String {
    format!("{} was not generated: {reason}", key.with_prefix())
}

/// The generators whose settings have no value, or one to be made again.
type Due = BTreeMap<Key, Generator>;
