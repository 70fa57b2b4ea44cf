//! Locks the kernel down as `/etc/kernel-lockdown` says (applet
//! `set-lockdown`). That file is rendered from settings.
//!
//! The kernel goes from `none` over `integrity` to `confidentiality`, and never
//! back (kernel_lockdown(7)). A level below the one it has is no failure: the
//! node is then as its image was booted, and no less safe than asked for.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context;
use clap::Parser;

/// Locks the kernel down to the level that a file holds.
#[derive(Debug, Parser)]
#[command(name = "set-lockdown", version)]
struct Cli {
    /// File with the level: none, integrity or confidentiality
    #[arg(long, value_name = "FILE", default_value = "/etc/kernel-lockdown")]
    file: PathBuf,

    /// File by which the kernel is told
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/sys/kernel/security/lockdown"
    )]
    kernel: PathBuf,
}

/// How much the kernel is protected from the root user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    None,
    /// It cannot be changed while it runs.
    Integrity,
    /// It cannot be changed, nor can its memory be read.
    Confidentiality,
}

/// A text that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is none of the levels none, integrity and confidentiality", .0.escape_debug())]
pub struct UnknownLevel(String);

/// What the kernel says, without a level it has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the kernel names no level that it has in `{}`", .0.escape_debug())]
pub struct NoLevel(String);

impl Level {
    const ALL: [Self; 3] = [Self::None, Self::Integrity, Self::Confidentiality];

    /// The kernel's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Integrity => "integrity",
            Self::Confidentiality => "confidentiality",
        }
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let text = match files::read_to_string(&cli.file) {
        Err(error) if error.is_not_found() => String::new(),
        result => result?,
    };
    let file = cli.file.display();
    let Some(wanted) = wanted(&text).with_context(|| format!("{file} is no use"))? else {
        tracing::info!("{file} holds no level, the kernel keeps the one it has");
        return Ok(());
    };
    let level = current(&files::read_to_string(&cli.kernel)?)?;
    if wanted > level {
        files::write(&cli.kernel, wanted.name())?;
        tracing::info!("the kernel is locked down: {wanted}");
    } else if wanted < level {
        tracing::warn!(
            "the kernel stays locked down ({level}) although settings say {wanted}: \
             it never goes back, and images are booted with this level"
        );
    } else {
        tracing::info!("the kernel is locked down: {level}");
    }
    Ok(())
}

/// The level in a file: its first line that is neither empty nor a comment.
fn wanted(text: &str) -> Result<Option<Level>, UnknownLevel> {
    let is_level = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let level = text.lines().map(str::trim).find(is_level);
    level.map(str::parse).transpose()
}

/// The level that the kernel marks in its list: `none [integrity] confidentiality`.
fn current(list: &str) -> Result<Level, NoLevel> {
    list.split_ascii_whitespace()
        .find_map(|word| word.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .ok_or_else(|| NoLevel(list.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: [(Level, &str); 3] = [
        (Level::None, "[none] integrity confidentiality\n"),
        (Level::Integrity, "none [integrity] confidentiality\n"),
        (Level::Confidentiality, "none integrity [confidentiality]\n"),
    ];

    /// What becomes of the kernel's file.
    fn told(settings: &str, list: &str) -> anyhow::Result<String> {
        let folder = tempfile::tempdir()?;
        let cli = Cli {
            file: folder.path().join("kernel-lockdown"),
            kernel: folder.path().join("lockdown"),
        };
        files::write(&cli.file, settings)?;
        files::write(&cli.kernel, list)?;
        let kernel = cli.kernel.clone();
        run(cli)?;
        Ok(files::read_to_string(&kernel)?)
    }

    #[test]
    fn the_kernel_is_told_what_is_more_than_it_has() {
        for (level, list) in LISTS {
            assert_eq!(told("# nothing\n\n", list).unwrap(), list);
            for wanted in Level::ALL {
                let expected = if wanted > level { wanted.name() } else { list };
                let text = format!("# comment\n{wanted}\n");
                assert_eq!(told(&text, list).unwrap(), expected, "{level} to {wanted}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (settings, list, reason) in [
            ("full\n", LISTS[0].1, "`full` is none of the levels"),
            ("integrity\n", "none integrity\n", "names no level"),
            ("integrity\n", "[most]\n", "names no level"),
        ] {
            let error = applet::explain(&told(settings, list).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_missing_file_changes_nothing() {
        let cli = Cli {
            file: "/nonexistent".into(),
            kernel: "/nonexistent".into(),
        };
        run(cli).unwrap();
    }
}
