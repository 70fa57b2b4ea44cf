//! What is told while an action runs: a bar on a terminal, else a line of JSON
//! for each change.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use apiclient::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::commands::Result;
use crate::output::{self, Format};

/// The first wait; each one is half as long again, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LAST_WAIT: Duration = Duration::from_millis(200);

/// Columns of the bar.
const WIDTH: u64 = 40;

/// How to tell.
#[derive(Debug)]
pub struct Report {
    for_people: bool,
}

#[derive(Debug, Deserialize)]
struct Progress {
    running: bool,
    download: Option<Download>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Download {
    version: String,
    done: u64,
    total: u64,
}

impl Report {
    /// As asked for, or as fits where the output goes.
    pub fn new(format: Option<Format>) -> Self {
        let for_people = match format {
            Some(format) => format == Format::Table,
            None => stdout().is_terminal(),
        };
        Self { for_people }
    }

    /// Tells about an action until it is over.
    pub fn follow(&self, client: &Client, action: &str) -> Result {
        let mut wait = FIRST_WAIT;
        let mut told = None;
        loop {
            let progress: Progress = client.get("/updates/progress")?;
            if progress.download.is_some() && progress.download != told {
                told = progress.download;
                self.tell(action, told.as_ref())?;
            }
            if !progress.running {
                break;
            }
            std::thread::sleep(wait);
            wait = (wait * 3 / 2).min(LAST_WAIT);
        }
        if self.for_people && told.is_some() {
            // The bar's line is left.
            let _ = writeln!(stderr());
        }
        Ok(())
    }

    fn tell(&self, action: &str, download: Option<&Download>) -> Result {
        let Some(download) = download else {
            return Ok(());
        };
        if self.for_people {
            // Whoever does not see it misses nothing.
            let _ = write!(stderr(), "\r{}", bar(download));
            let _ = stderr().flush();
            return Ok(());
        }
        output::print(json!({"action": action, "download": download}).to_string())
    }

    /// Tells how it ended: in a sentence, or with the status.
    pub fn done(&self, client: &Client, sentence: &str) -> Result {
        if self.for_people {
            return output::print(sentence);
        }
        let status: Value = client.get("/updates/status")?;
        output::print(status.to_string())
    }
}

fn bar(download: &Download) -> String {
    let Download {
        version,
        done,
        total,
    } = download;
    let share = |of: u64| (done * of).checked_div(*total).unwrap_or(of).min(of);
    let (full, percent) = (share(WIDTH) as usize, share(100));
    let (bar, rest) = ("=".repeat(full), " ".repeat(WIDTH as usize - full));
    let mib = |bytes: &u64| *bytes as f64 / f64::from(1 << 20);
    format!(
        "{version} [{bar}{rest}] {percent:3} % of {:.1} MiB",
        mib(total)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_and_ends() {
        for (done, total, expected) in [
            (0, 2 << 20, "[                    "),
            (
                1 << 20,
                2 << 20,
                "[====================                    ]  50 % of 2.0 MiB",
            ),
            (9, 3, "100 % of 0.0 MiB"),
            (0, 0, "100 %"),
        ] {
            let version = "1.1.0".to_owned();
            let bar = bar(&Download {
                version,
                done,
                total,
            });
            assert!(bar.contains(expected), "{bar}");
        }
    }
}
