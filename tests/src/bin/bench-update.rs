//! Measures updates with release programs, on this machine: `scripts/bench
//! update` runs it. Prints a table in Markdown.
//!
//! usage: bench-update UPDOG IMAGE
//!        bench-update write|verified REPOSITORY FOLDER    (what it runs itself)

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use end_to_end_tests::release::TestRepository;
use end_to_end_tests::{Image, copy_sparse};
use updog::{Config, Repository, RunFolder, Target, install};

const CHECKS: usize = 20;
const WRITES: usize = 5;
const PARTS: [&str; 3] = ["root.erofs", "root.hash", "boot.efi"];

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [updog, image] => run(Path::new(updog), Path::new(image)),
        ["write", repository, folder] => timed(|| write(repository.as_ref(), folder.as_ref())),
        ["verified", repository, folder] => {
            timed(|| verified(repository.as_ref(), folder.as_ref()))
        }
        _ => Err(anyhow::anyhow!("usage: bench-update UPDOG IMAGE")),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {}", applet::explain(&e));
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(updog: &Path, image: &Path) -> Result<()> {
    let repository = TestRepository::new("bench-update")?;
    repository.add_image(image)?;
    let folder = repository.folder();
    let built = image;
    let image = Image::in_folder(built)?;
    let checks = checks(updog, &repository)?;
    let (mut plain, mut whole, mut memory) = (Vec::new(), Vec::new(), 0.0);
    // In turns: what else the machine does hits both.
    for _ in 0..WRITES {
        plain.push(child("write", folder, &image)?.0);
        let (seconds, peak) = child("verified", folder, &image)?;
        whole.push(seconds);
        memory = f64::max(memory, peak);
    }
    let sizes = sizes(folder)?;
    let (plain, whole) = (median(plain), median(whole));
    println!("| | measured | limit |\n|---|---|---|");
    println!(
        "| check for an update, loopback | {:.1} ms | 60 ms |",
        median(checks) * 1e3
    );
    println!(
        "| write without verification: read, decompress, write, sync | {:.0} ms | |",
        plain * 1e3
    );
    println!(
        "| verified write: signed hashes, compared, read back through verity | {:.0} ms ({:.2} times) | 1.2 times |",
        whole * 1e3,
        whole / plain
    );
    println!(
        "| of that, no less than: SHA-256 of what came and of what was written, on one processor | {:.0} ms | |",
        hashing(folder, built)? * 1e3
    );
    println!(
        "| peak memory of the verified write | {:.1} MB | 40 MB |",
        memory / 1e6
    );
    println!(
        "| download of {} | {:.1} MiB | |",
        image
            .disk()
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy(),
        sizes as f64 / f64::from(1 << 20)
    );
    println!(
        "| failed boots until the old system is back | {} | 3 |",
        slots::TRIES
    );
    Ok(())
}

/// Seconds that each check takes, in a process of its own.
fn checks(updog: &Path, repository: &TestRepository) -> Result<Vec<f64>> {
    let node = tempfile::tempdir()?;
    let path = |name: &str| node.path().join(name);
    for folder in ["usr/lib", "sys/class/block"] {
        fs::create_dir_all(path(folder))?;
    }
    fs::write(
        path("usr/lib/os-release"),
        "VARIANT_ID=metal-dev\nVERSION_ID=0.0.1\n",
    )?;
    let address = repository.serve();
    let config = format!(
        "metadata_base_url = 'http://{address}/metadata'\ntargets_base_url = 'http://{address}/targets'\n"
    );
    fs::write(path("updog.toml"), config)?;
    let mut seconds = Vec::new();
    for _ in 0..CHECKS {
        let begin = Instant::now();
        let done = Command::new(updog)
            .args(["check-update", "--config"])
            .arg(path("updog.toml"))
            .arg("--root")
            .arg(node.path())
            .arg("--trusted-root")
            .arg(repository.folder().join("repository/metadata/1.root.json"))
            .arg("--seen")
            .arg(path("seen"))
            .arg("--run")
            .arg(path("run"))
            .output()?;
        seconds.push(begin.elapsed().as_secs_f64());
        let errors = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "{errors}");
    }
    Ok(seconds)
}

/// Seconds, and the most memory in bytes, of one write to fresh files.
fn child(what: &str, folder: &Path, image: &Image) -> Result<(f64, f64)> {
    let slot = folder.join("slot");
    let _ = fs::remove_dir_all(&slot);
    fs::create_dir_all(&slot)?;
    copy_sparse(image.disk(), &slot.join("disk"))?;
    for (name, bytes) in [("root", 960 << 20), ("hash", 16 << 20)] {
        File::create(slot.join(name))?.set_len(bytes)?;
    }
    rustix::fs::sync();
    let done = Command::new(std::env::current_exe()?)
        .arg(what)
        .arg(folder.join("repository"))
        .arg(&slot)
        .output()?;
    let errors = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{what}: {errors}");
    let output = String::from_utf8(done.stdout)?;
    let (seconds, peak) = output.trim().split_once(' ').context("no numbers")?;
    Ok((seconds.parse()?, peak.parse()?))
}

/// Seconds that the two hashes take which a verified write cannot do without.
fn hashing(folder: &Path, image: &Path) -> Result<f64> {
    let mut parts = vec![fs::read(image.join("root.erofs"))?];
    for part in PARTS {
        parts.push(fs::read(target(&folder.join("repository"), part)?)?);
    }
    let begin = Instant::now();
    for part in &parts {
        std::hint::black_box(digest(&SHA256, part));
    }
    Ok(begin.elapsed().as_secs_f64())
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<()> {
    let begin = Instant::now();
    work()?;
    let seconds = begin.elapsed().as_secs_f64();
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.split_whitespace().next());
    let kib: f64 = peak.context("no VmHWM")?.parse()?;
    println!("{seconds} {}", kib * 1024.0);
    Ok(())
}

/// Reads, decompresses, writes and syncs the parts: nothing less will do.
fn write(repository: &Path, slot: &Path) -> Result<()> {
    for (part, place) in PARTS.into_iter().zip(["root", "hash", "boot"]) {
        let mut source = lz4_flex::frame::FrameDecoder::new(File::open(target(repository, part)?)?);
        let mut options = OpenOptions::new();
        let mut device = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(slot.join(place))?;
        let mut piece = vec![0; 1 << 20];
        loop {
            let length = io::Read::read(&mut source, &mut piece)?;
            if length == 0 {
                break;
            }
            device.write_all(&piece[..length])?;
        }
        device.sync_all()?;
    }
    Ok(())
}

fn verified(repository: &Path, slot: &Path) -> Result<()> {
    let url = |part: &str| format!("file://{}", repository.join(part).display());
    let config = slot.join("updog.toml");
    let text = format!(
        "metadata_base_url = '{}'\ntargets_base_url = '{}'\n",
        url("metadata"),
        url("targets")
    );
    fs::write(&config, text)?;
    let config = Config::read(&config)?;
    let root = repository.join("metadata/1.root.json");
    let target = Target {
        // The other one cannot have the same version: its partitions would be taken for these.
        slot: slots::Slot::A,
        disk: slot.join("disk"),
        root: slot.join("root"),
        hash: slot.join("hash"),
        boot: slot.join("boot"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let repository = Repository::open(&config, &root, &slot.join("seen")).await?;
        let manifest = repository.manifest().await?;
        let update = manifest.updates.first().context("nothing is offered")?;
        let run = slot.join("run");
        fs::create_dir_all(&run)?;
        let total = repository.length(&update.images)?;
        let progress = RunFolder::new(&run).progress(update.version.to_string(), total);
        install(&repository, &update.images, &target, progress).await?;
        Ok(())
    })
}

fn target(repository: &Path, part: &str) -> Result<PathBuf> {
    let ending = format!("{part}.lz4");
    for entry in fs::read_dir(repository.join("targets"))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(&ending) {
            return Ok(path);
        }
    }
    bail!("no target {ending}")
}

/// Bytes of all parts, as they are sent.
fn sizes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for part in PARTS {
        bytes += fs::metadata(target(&folder.join("repository"), part)?)?.len();
    }
    Ok(bytes)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
