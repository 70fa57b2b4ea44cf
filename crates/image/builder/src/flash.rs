//! Writing an image to a disk: command `flash`.

use crate::user_data;
use anyhow::Result;
use flash::{Options, Progress, Stage, UserData};
use pinned_url::PinnedUrl;
use settings_model::Model;
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Writes it, and shows how far it has come.
pub(crate) fn flash(
    image: &Path,
    disk: &Path,
    wipe: bool,
    user_data: Option<&Path>,
    address: Option<PinnedUrl>,
) -> Result<()> {
    // An image does not say which settings can be made of it.
    let read = |path| user_data::read(path, &Model::complete()).map(UserData::Document);
    let options = Options {
        wipe,
        user_data: match address {
            Some(address) => Some(UserData::At(address)),
            None => user_data.map(read).transpose()?,
        },
    };
    let terminal = std::io::stderr().is_terminal();
    let mut shown = None;
    flash::flash(image, disk, &options, |progress| {
        let line = line(progress);
        if shown.as_ref() == Some(&line) {
            return;
        }
        if terminal {
            // Nobody misses a line that could not be shown.
            let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
        } else if shown.is_none() || progress.all == Some(progress.done) {
            eprintln!("{line}");
        }
        shown = Some(line);
    })?;
    if terminal {
        eprintln!();
    }
    println!(
        "{} is on {}, and was read back",
        image.display(),
        disk.display()
    );
    Ok(())
}

fn line(progress: Progress) -> String {
    let what = match progress.stage {
        Stage::Writing => "writing",
        Stage::Verifying => "reading back",
    };
    match progress.all {
        Some(all) => format!("{what} {} %", progress.done * 100 / all.max(1)),
        None => format!("{what} {} MiB", progress.done >> 20),
    }
}
