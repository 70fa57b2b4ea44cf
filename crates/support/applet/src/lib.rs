//! What every applet of the multi-call program does around its work: read the
//! arguments, log to standard error (which is the journal), and turn the
//! outcome into an exit code.

mod multicall;

use std::ffi::OsString;
use std::process::{ExitCode, Termination};

use clap::Parser;
use tracing::level_filters::LevelFilter;

pub use multicall::{Main, Multicall};

/// Reads `arguments` (the first one is the applet's name) and runs the applet.
///
/// Exit codes: 0 if `run` succeeds (or the code that it returns) or only help
/// was asked for, 1 if it fails, 2 if the arguments make no sense.
pub fn main<C: Parser, T: Termination>(
    arguments: Vec<OsString>,
    run: impl FnOnce(C) -> anyhow::Result<T>,
) -> ExitCode {
    let cli = match C::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Where nobody can read it, it is not missed either.
            let _ = error.print();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    // Fails only where a log is already set up: in tests that run two applets.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(LevelFilter::INFO)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .try_init();
    match run(cli) {
        Ok(ended) => ended.report(),
        Err(error) => {
            tracing::error!("{}", explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes, without those that the text before quotes:
/// most of our errors name their cause themselves.
pub fn explain(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        match text.as_str() {
            "" => cause,
            _ if text.contains(&cause) => text,
            _ => format!("{text}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "greet")]
    struct Cli {
        #[arg(long)]
        fail: bool,
    }

    #[test]
    fn causes_are_named_once() {
        let bare = anyhow::anyhow!("no space")
            .context("failed to write")
            .context("failed to boot");
        assert_eq!(explain(&bare), "failed to boot: failed to write: no space");
        let named = anyhow::anyhow!("no space").context("failed to write a: no space");
        assert_eq!(explain(&named), "failed to write a: no space");
    }

    #[test]
    fn outcomes_become_exit_codes() {
        let cases: &[(&[&str], ExitCode)] = &[
            (&["greet"], ExitCode::SUCCESS),
            (&["greet", "--help"], ExitCode::SUCCESS),
            (&["greet", "--fail"], ExitCode::FAILURE),
            (&["greet", "--frobnicate"], ExitCode::from(2)),
            (&[], ExitCode::SUCCESS),
        ];
        for (arguments, code) in cases {
            let arguments = arguments.iter().map(OsString::from).collect();
            let ran = main(arguments, |cli: Cli| match cli.fail {
                true => anyhow::bail!("as asked"),
                false => Ok(()),
            });
            assert_eq!(format!("{ran:?}"), format!("{code:?}"));
        }
        let ran = main(vec!["greet".into()], |_: Cli| Ok(ExitCode::from(7)));
        assert_eq!(format!("{ran:?}"), format!("{:?}", ExitCode::from(7)));
    }
}
