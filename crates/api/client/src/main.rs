//! Reads and changes the settings of this node through its API.

mod candidate;
mod cli;
mod commands;
mod failure;
mod output;
mod source;
mod variant;

use std::process::ExitCode;

use clap::Parser;
use tracing::level_filters::LevelFilter;

use crate::cli::Cli;
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = match cli.verbose {
        true => cli.log_level.max(LevelFilter::DEBUG),
        false => cli.log_level,
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .without_time()
        .with_target(false)
        .init();
    match commands::run(cli) {
        Ok(code) => code,
        Err(Failure::Usage(message)) => cli::exit_with_usage(message),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
