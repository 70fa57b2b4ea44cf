//! The generator of `settings.updates.seed`.

use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Seeds lie below this: an update reaches the nodes of a fleet by their seeds,
/// in waves.
const SEEDS: u64 = 2048;

/// Prints random values.
#[derive(Debug, Parser)]
#[command(name = "bork", version)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A number from 0 to 2047: which wave of an update this node is in
    Seed,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |Cli { what: What::Seed }| {
        writeln!(io::stdout(), "{}", seed()).context("failed to print the seed")
    })
}

/// The keys of a fresh hasher are random; nothing secret hangs on this.
fn seed() -> u64 {
    RandomState::new().hash_one("seed") % SEEDS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn seeds_differ_and_have_bounds() {
        let seeds: BTreeSet<u64> = (0..1000).map(|_| seed()).collect();
        assert!(seeds.len() > 500, "{}", seeds.len());
        assert!(seeds.iter().all(|seed| *seed < SEEDS));
    }
}
