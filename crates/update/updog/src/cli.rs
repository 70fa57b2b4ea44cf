//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde_json::json;
use update_metadata::Update;

use crate::action::{self, Refusal};
use crate::updater::{Updater, Wish};

/// Takes updates from a signed repository into the slot that does not run.
///
/// Exit codes: 0 if it is done, 1 if not, 2 if the arguments make no sense, 64
/// if another updater works.
#[derive(Debug, Parser)]
#[command(name = "updog", version)]
struct Cli {
    #[command(flatten)]
    updater: Updater,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the version that this node takes now
    #[command(alias = "whats")]
    CheckUpdate {
        /// All versions for nodes like this one
        #[arg(short, long)]
        all: bool,
        #[command(flatten)]
        wish: Wish,
        /// Print JSON
        #[arg(short, long)]
        json: bool,
    },
    /// Make ready for an update: what is in the other slot boots no more
    Prepare,
    /// Write the update to the other slot
    UpdateImage {
        #[command(flatten)]
        wish: Wish,
        /// Print JSON
        #[arg(short, long)]
        json: bool,
    },
    /// What was written to the other slot boots next
    UpdateApply,
    /// What was written to the other slot does not boot next after all
    UpdateRevert,
    /// Print what is in both slots, as JSON
    Status,
    /// All of it: write the update, and let it boot next
    Update {
        #[command(flatten)]
        wish: Wish,
        /// Print JSON
        #[arg(short, long)]
        json: bool,
    },
    /// Verify the migrations that were kept for the running version, and make
    /// them ready in the folder of --run
    LoadMigrations,
    /// Do what the API asks for: a line on standard input names the action, a
    /// line on standard output says whether it is begun
    Act,
}

/// Runs the program; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start")?;
        runtime.block_on(run(&cli.updater, cli.command))
    })
}

async fn run(updater: &Updater, command: Command) -> Result<ExitCode> {
    if let Command::Act = command {
        action::answer(updater).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(_lock) = updater.run_folder().lock()? else {
        tracing::error!("{}", Refusal::Locked);
        return Ok(ExitCode::from(Refusal::Locked.code()));
    };
    match command {
        Command::CheckUpdate { all, wish, json } => {
            let offer = updater.ask(&wish).await?;
            let updates = match all {
                true => offer.all(),
                false => vec![offer.choice().context("there is no update")?],
            };
            print(&updates, json);
        }
        Command::Prepare => updater.with_slots(|slots| Ok(slots.clear_inactive()?))?,
        Command::UpdateImage { wish, json } => write(updater, &wish, json).await?,
        Command::UpdateApply => drop(updater.activate()?),
        Command::UpdateRevert => updater.with_slots(|slots| Ok(slots.cancel()?))?,
        Command::LoadMigrations => updater.load_migrations().await?,
        Command::Status => println!("{}", serde_json::to_string(&updater.states()?)?),
        Command::Update { wish, json } => {
            write(updater, &wish, json).await?;
            updater.activate()?;
        }
        Command::Act => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn write(updater: &Updater, wish: &Wish, as_json: bool) -> Result<()> {
    let offer = updater.ask(wish).await?;
    let update = offer.choice().context("there is no update")?;
    updater.write(&offer, update).await?;
    print(&[update], as_json);
    Ok(())
}

fn print(updates: &[&Update], as_json: bool) {
    if as_json {
        let list: Vec<_> = updates
            .iter()
            .map(|u| json!({"variant": u.variant, "arch": u.arch, "version": u.version}))
            .collect();
        println!("{}", json!(list));
    } else {
        for update in updates {
            println!("{} {} {}", update.variant, update.arch, update.version);
        }
    }
}
