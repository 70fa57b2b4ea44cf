//! What the commands do, a file for each family of them.

pub mod apply;
pub mod check;
pub mod diff;
pub mod exec;
pub mod get;
pub mod history;
pub mod logs;
pub mod raw;
pub mod render;
pub mod schema;
pub mod set;
mod transaction;
pub mod unset;
pub mod update;
pub mod validate;

use std::process::ExitCode;

use apiclient::Client;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::output::{self, Format};

type Result<T = ()> = std::result::Result<T, Failure>;

/// Does what the command line says; prints data only.
pub fn run(cli: Cli) -> Result<ExitCode> {
    if let Some(Command::Exec(exec)) = cli.command {
        return exec.run(&cli.socket_path);
    }
    request(cli).map(|()| ExitCode::SUCCESS)
}

/// Does what needs no more than requests.
fn request(cli: Cli) -> Result {
    let client = Client::new(cli.socket_path);
    let Some(command) = cli.command else {
        return cli.raw.run(&client);
    };
    if cli.raw.is_given() {
        let message = "--uri, --method and --data go with `raw`, or with no command";
        return Err(Failure::Usage(message.to_owned()));
    }
    let as_json = cli.output.unwrap_or(Format::Json);
    let as_table = cli.output.unwrap_or(Format::Table);
    match command {
        Command::Raw(raw) => raw.run(&client),
        Command::Get(get) => get.run(&client, as_json),
        Command::Set(set) => set.run(&client),
        Command::Apply(apply) => apply.run(&client),
        Command::Unset(unset) => unset.run(&client),
        Command::Diff(diff) => diff.run(&client, as_table),
        Command::Check(check) => check.run(&client, as_table),
        Command::History(history) => history.run(&client, as_table),
        Command::Rollback(rollback) => rollback.run(&client),
        Command::Status => output::print_tree(&client.get("/status")?, as_json),
        Command::Update(update) => update.run(&client, cli.output),
        // It is done already.
        Command::Exec(_) => Ok(()),
        Command::Logs(logs) => logs.run(&client),
        Command::Reboot => Ok(client.send("POST", "/actions/reboot", None).map(drop)?),
        Command::Validate(validate) => validate.run(),
        Command::Render(render) => render.run(),
        Command::Schema(schema) => schema.run(),
    }
}
