//! What rendering costs, without a server.

use std::time::Duration;

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use settings_render::Declarations;

use crate::node;

/// Renders all configuration files of the variant, several times.
pub fn measure() -> Result<()> {
    let variant = node::variant()?;
    let settings = node::settings(&variant)?;
    let declarations = Declarations::of(&variant)?;
    // As the applier does: with nothing compiled yet.
    let cold = cpu(|| render_all(&Declarations::of(&variant)?, &settings))?;
    render_all(&declarations, &settings)?;
    let rounds = 20;
    let warm = cpu(|| (0..rounds).try_for_each(|_| render_all(&declarations, &settings)))?;
    let files = declarations.metadata().configuration_files.len();
    println!(
        "| declarations read and all {files} files rendered, CPU | {:.1} ms |",
        crate::millis(cold)
    );
    println!(
        "| all {files} files rendered again, CPU | {:.1} ms |",
        crate::millis(warm / rounds)
    );
    Ok(())
}

fn render_all(declarations: &Declarations, settings: &Value) -> Result<()> {
    for name in declarations.metadata().configuration_files.keys() {
        declarations
            .render(settings, name)
            .with_context(|| format!("failed to render {name}"))?;
    }
    Ok(())
}

fn cpu(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).unwrap_or(0),
        )
    };
    let start = now();
    work()?;
    Ok(now() - start)
}
