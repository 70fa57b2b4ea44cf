//! Measures an image: its boot beside the floor, its sizes, its memory.
//!
//! Prints tables in Markdown, which SPECIFICATION.md quotes.

mod boot;
mod memory;
mod sizes;

use anyhow::{Context, Result};
use end_to_end_tests::Image;
use std::path::Path;
use std::process::ExitCode;

/// Boots of each kind; the median is what counts.
const RUNS: usize = 3;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", applet::explain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let image = Image::find()?;
    let floor = std::env::var_os("BOTTLEROCKET_FLOOR_DIR").context(
        "BOTTLEROCKET_FLOOR_DIR does not name the floor's image; hint: run scripts/bench",
    )?;
    let floor = Image::in_folder(Path::new(&floor))?;
    sizes::print(&image)?;
    boot::print(&image, &floor, RUNS)?;
    memory::print(&image)
}
