//! Gives the kernel the host name in `/etc/hostname` (applet `set-hostname`).
//!
//! That file is rendered from settings. If it holds no name, the kernel keeps
//! the one it has, from DHCP or from systemd.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

/// HOST_NAME_MAX of Linux, in bytes, see hostname(7).
const MAX_BYTES: usize = 64;

/// Gives the kernel the host name that a file holds.
#[derive(Debug, Parser)]
#[command(name = "set-hostname", version)]
struct Cli {
    /// File with the name, as hostname(5) says
    #[arg(long, value_name = "FILE", default_value = "/etc/hostname")]
    file: PathBuf,
}

/// A text that is no host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The kernel holds no more.
    #[error("the host name has {0} bytes, but the kernel takes {MAX_BYTES} at most")]
    TooLong(usize),
    /// Not a name in the sense of hostname(7).
    #[error("the host name has a character other than letters, digits, `-` and `.`")]
    BadCharacter,
    /// Not a name in the sense of hostname(7).
    #[error("the host name starts with `-` or `.`")]
    BadStart,
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
    match name(&text).with_context(|| format!("{file} is no use"))? {
        None => tracing::info!("{file} holds no name, the host keeps its own"),
        Some(name) => {
            rustix::system::sethostname(name.as_bytes())
                .with_context(|| format!("failed to set the host name to {name}"))?;
            tracing::info!("the host name is {name}");
        }
    }
    Ok(())
}

/// The host name in a text as hostname(5) says: the first line that is neither
/// empty nor a comment.
pub fn name(text: &str) -> Result<Option<&str>, Error> {
    let is_name = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let Some(name) = text.lines().map(str::trim).find(is_name) else {
        return Ok(None);
    };
    if name.len() > MAX_BYTES {
        return Err(Error::TooLong(name.len()));
    }
    if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
    {
        return Err(Error::BadCharacter);
    }
    if name.starts_with(['-', '.']) {
        return Err(Error::BadStart);
    }
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_hostname_5_says() {
        let longest = "a".repeat(64);
        let too_long = "a".repeat(65);
        let cases = [
            ("", Ok(None)),
            ("\n\n# comment\n", Ok(None)),
            ("node-1\n", Ok(Some("node-1"))),
            (
                "# comment\n\n  node-1.example.com \nother\n",
                Ok(Some("node-1.example.com")),
            ),
            (&longest, Ok(Some(longest.as_str()))),
            (&too_long, Err(Error::TooLong(65))),
            ("a b", Err(Error::BadCharacter)),
            ("a_b", Err(Error::BadCharacter)),
            ("é", Err(Error::BadCharacter)),
            ("a\0", Err(Error::BadCharacter)),
            ("-a", Err(Error::BadStart)),
            (".a", Err(Error::BadStart)),
        ];
        for (text, expected) in cases {
            assert_eq!(name(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_missing_or_empty_file_changes_nothing() {
        for file in ["/nonexistent", "/dev/null"] {
            run(Cli { file: file.into() }).unwrap();
        }
        let error = run(Cli { file: "/".into() }).unwrap_err();
        assert!(
            error.to_string().starts_with("failed to read /: "),
            "{error}"
        );
    }
}
