//! What every migration's program does around its steps. The program has to
//! be tiny, so it reads its few options itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::{Direction, Migration, Step};

/// Largest source, in bytes: several times what a store writes.
const MAX_SIZE: u64 = 8 * 1024 * 1024;

const USAGE: &str = "--forward|--backward --source FILE --target FILE";

/// The whole of a migration's program: reads the payload of a generation as
/// JSON from `--source`, takes the steps `--forward` or `--backward`, and
/// writes `--target`, whole or not at all.
///
/// Exit codes: 0 if it did, 1 if it failed, 2 if the arguments make no sense.
pub fn run(name: &str, steps: impl IntoIterator<Item = Step>) -> ExitCode {
    let Some(options) = Options::read(std::env::args_os().skip(1)) else {
        eprintln!("error: wrong arguments\nhint: {name} {USAGE}");
        return ExitCode::from(2);
    };
    match migrate(&Migration::new(name, steps), &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, PartialEq)]
struct Options {
    direction: Direction,
    source: PathBuf,
    target: PathBuf,
}

impl Options {
    /// Each option exactly once, in any order.
    fn read(mut arguments: impl Iterator<Item = OsString>) -> Option<Options> {
        let (mut direction, mut source, mut target) = (None, None, None);
        while let Some(argument) = arguments.next() {
            let before = match argument.to_str()? {
                "--forward" => direction.replace(Direction::Forward).map(drop),
                "--backward" => direction.replace(Direction::Backward).map(drop),
                "--source" => source.replace(arguments.next()?.into()).map(drop),
                "--target" => target.replace(arguments.next()?.into()).map(drop),
                _ => return None,
            };
            if before.is_some() {
                return None;
            }
        }
        Some(Options {
            direction: direction?,
            source: source?,
            target: target?,
        })
    }
}

fn migrate(migration: &Migration, options: &Options) -> Result<(), String> {
    let Options {
        direction,
        source,
        target,
    } = options;
    let in_source = |e: &dyn std::fmt::Display| format!("{}: {e}", source.display());
    let payload = serde_json::from_slice(&read(source)?).map_err(|e| in_source(&e))?;
    let payload = migration
        .apply(*direction, payload)
        .map_err(|e| in_source(&e))?;
    let mut bytes = serde_json::to_vec(&payload).map_err(|e| in_source(&e))?;
    bytes.push(b'\n');
    files::replace(target, &bytes, 0o600).map_err(|e| e.to_string())
}

fn read(source: &Path) -> Result<Vec<u8>, String> {
    let examined = files::at("examine", source, std::fs::metadata(source));
    let size = examined.map_err(|e| e.to_string())?.len();
    if size > MAX_SIZE {
        return Err(format!(
            "{} has {size} bytes, but at most {MAX_SIZE} are allowed",
            source.display()
        ));
    }
    files::read(source).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_is_given_once() {
        let options = |line: &str| Options::read(line.split_whitespace().map(OsString::from));
        let expected = |direction| {
            Some(Options {
                direction,
                source: "a".into(),
                target: "b".into(),
            })
        };
        assert_eq!(
            options("--forward --source a --target b"),
            expected(Direction::Forward)
        );
        assert_eq!(
            options("--target b --source a --backward"),
            expected(Direction::Backward)
        );
        for wrong in [
            "",
            "--source a --target b",
            "--forward --backward --source a --target b",
            "--forward --source a --source a --target b",
            "--forward --source a --target",
            "--forward --source a",
            "--forward --source a --target b c",
            "--help",
        ] {
            assert_eq!(options(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn failures_leave_the_target_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let target = path("target");
        std::fs::write(path("text"), "no JSON").unwrap();
        std::fs::write(path("list"), "[]").unwrap();
        let deep = "[".repeat(100_000);
        std::fs::write(path("deep"), deep).unwrap();
        let huge = std::fs::File::create(path("huge")).unwrap();
        huge.set_len(MAX_SIZE + 1).unwrap();
        for (source, message) in [
            ("missing", "failed to examine "),
            ("text", "text: expected "),
            (
                "list",
                "list: not the payload of a generation: it is no object",
            ),
            ("deep", "deep: recursion limit exceeded"),
            ("huge", " are allowed"),
        ] {
            let options = Options {
                direction: Direction::Forward,
                source: path(source),
                target: target.clone(),
            };
            let error = migrate(&Migration::new("test", []), &options).unwrap_err();
            assert!(error.contains(message), "{error}");
            assert!(!target.exists());
        }
    }
}
