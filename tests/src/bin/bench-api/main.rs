//! Measures the settings API of a release build, on this machine: one server
//! on a store of its own, asked over its Unix socket. `scripts/bench api` runs
//! it. Prints tables in Markdown.
//!
//! Times are the client's; CPU is what the kernel accounts to the server's
//! threads, per request.

mod connection;
mod node;
mod render;

use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use connection::Connection;
use node::Node;

/// Requests of each kind.
const REQUESTS: usize = 4000;

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {}", applet::explain(&e));
            std::process::ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let program = std::env::args_os().nth(1);
    let program = program.context("usage: bench-api PROGRAM (the multi-call program)")?;
    let program = Path::new(&program);
    let starts = node::starts(program, 20)?;
    let node = Node::start(program)?;
    let keys = node.fill()?;

    println!("Settings API, store of {keys} keys, release build\n");
    println!("| request | connections | p50 µs | p99 µs | server's CPU µs |");
    println!("|---|---|---|---|---|");
    for (name, head) in [
        ("GET /", "GET / HTTP/1.1"),
        ("GET /settings", "GET /settings HTTP/1.1"),
        (
            "GET /settings?keys=motd",
            "GET /settings?keys=motd HTTP/1.1",
        ),
    ] {
        for connections in [1, 8] {
            reads(&node, name, head, connections)?;
        }
    }
    reconnecting(&node)?;
    commits(&node)?;
    reads_beside_commits(&node)?;

    println!("\n| | |\n|---|---|");
    println!(
        "| start to first answer, p50 | {:.1} ms |",
        millis(percentile(&starts, 50))
    );
    println!(
        "| resident memory of the server | {:.1} MB |",
        node.resident()? / 1e6
    );
    render::measure()?;
    let changes = node.changes(20)?;
    println!(
        "| one changed key until its file is rewritten, p50 | {:.1} ms |",
        millis(percentile(&changes, 50))
    );
    Ok(())
}

fn reads(node: &Node, name: &str, head: &str, connections: usize) -> Result<()> {
    let each = REQUESTS / connections;
    let ready = Barrier::new(connections);
    // Caches are warm before the clock runs.
    Connection::open(node)?.ask(head, "")?;
    let before = node.cpu()?;
    let times = thread::scope(|scope| {
        let clients: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(node)?;
                    ready.wait();
                    repeat(each, || connection.ask(head, ""))
                })
            })
            .collect();
        let times = clients
            .into_iter()
            .map(|client| client.join().expect("no panic"));
        times.collect::<Result<Vec<_>>>()
    })?;
    let cpu = (node.cpu()? - before) / u32::try_from(REQUESTS)?;
    row(name, connections, &times.concat(), cpu);
    Ok(())
}

/// As `apiclient` does it: a connection for each request.
fn reconnecting(node: &Node) -> Result<()> {
    let before = node.cpu()?;
    let times = repeat(REQUESTS, || {
        Connection::open(node)?.ask("GET /settings?keys=motd HTTP/1.1", "")
    })?;
    let cpu = (node.cpu()? - before) / u32::try_from(REQUESTS)?;
    row("GET /settings?keys=motd, reconnecting", 1, &times, cpu);
    Ok(())
}

fn commits(node: &Node) -> Result<()> {
    let mut connection = Connection::open(node)?;
    let mut count = 0;
    let mut stage = |connection: &mut Connection| {
        count += 1;
        let body = json!({ "motd": format!("{count}") }).to_string();
        connection.ask("PATCH /settings HTTP/1.1", &body)
    };
    let (mut patches, mut commits) = (Vec::new(), Vec::new());
    let before = node.cpu()?;
    let rounds = 200;
    for _ in 0..rounds {
        patches.extend(repeat(1, || stage(&mut connection))?);
        commits.extend(repeat(1, || {
            connection.ask("POST /tx/commit HTTP/1.1", "")
        })?);
    }
    let cpu = (node.cpu()? - before) / rounds;
    let floor = node.replacements(200)?;
    row("PATCH /settings (durable)", 1, &patches, cpu / 2);
    row("POST /tx/commit (durable)", 1, &commits, cpu / 2);
    row(
        "the same bytes written, synced, renamed, synced",
        1,
        &floor,
        Duration::ZERO,
    );
    Ok(())
}

/// Reads while another client commits without a pause.
fn reads_beside_commits(node: &Node) -> Result<()> {
    let times = thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let writer = scope.spawn(move || -> Result<usize> {
            let mut connection = Connection::open(node)?;
            let mut count = 0;
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                count += 1;
                let body = json!({ "motd": format!("w{count}") }).to_string();
                connection.ask("PATCH /settings?tx=w HTTP/1.1", &body)?;
                connection.ask("POST /tx/commit?tx=w HTTP/1.1", "")?;
            }
            Ok(count)
        });
        let mut connection = Connection::open(node)?;
        let times = repeat(REQUESTS, || connection.ask("GET /settings HTTP/1.1", ""));
        drop(stop);
        let commits = writer.join().expect("no panic")?;
        ensure!(commits > 0, "nothing was committed meanwhile");
        times
    })?;
    row("GET /settings beside commits", 1, &times, Duration::ZERO);
    Ok(())
}

/// How long each of some runs took.
fn repeat(count: usize, mut run: impl FnMut() -> Result<()>) -> Result<Vec<Duration>> {
    let timed = (0..count).map(|_| {
        let start = Instant::now();
        run()?;
        Ok(start.elapsed())
    });
    timed.collect()
}

fn row(name: &str, connections: usize, times: &[Duration], cpu: Duration) {
    let cpu = match cpu.is_zero() {
        true => String::new(),
        false => format!("{:.0}", micros(cpu)),
    };
    println!(
        "| {name} | {connections} | {:.0} | {:.0} | {cpu} |",
        micros(percentile(times, 50)),
        micros(percentile(times, 99)),
    );
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    let at = sorted.len() * percent / 100;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
