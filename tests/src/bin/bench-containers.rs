//! Measures what it takes to pull an image, beside containerd and ctr of Debian, from
//! the same registry: `scripts/bench containers` runs it, as root. Prints a table in
//! Markdown.
//!
//! usage: bench-containers HOST-CTR

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use dev_protocol::Run;
use end_to_end_tests::registry::{Registry, succeed};
use end_to_end_tests::{BOOT, Image, disk, machine, through_firmware, workspace};
use vm::Node;

const ROUNDS: usize = 5;
/// Ticks of the kernel's clock of processor time in a second.
const TICKS: f64 = 100.0;
const START: Duration = Duration::from_secs(20);

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.as_slice() {
        [program] => run(Path::new(program)),
        _ => Err(anyhow::anyhow!("usage: bench-containers HOST-CTR")),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {}", applet::explain(&e));
            std::process::ExitCode::FAILURE
        }
    }
}

/// One pull: seconds on the clock, and of processors.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: f64,
    processor: f64,
}

fn run(program: &Path) -> Result<()> {
    let registry = Registry::start("bench-registry")?;
    let tree = workspace().join("build/cache/x86_64/os/usr");
    let put = |names: &'static [&'static str]| {
        let tree = tree.clone();
        move |root: &Path| -> Result<()> {
            fs::create_dir_all(root.join("usr"))?;
            for name in names {
                let mut copy = Command::new("cp");
                copy.arg("-a").arg(tree.join(name)).arg(root.join("usr"));
                ensure!(copy.status()?.success(), "{name} cannot be copied");
            }
            Ok(())
        }
    };
    let (first, second, third) = (put(&["bin", "sbin"]), put(&["share"]), put(&["lib"]));
    let root = registry.push("bench:1", &[&first, &second, &third])?;
    let image = format!("{}/bench:1", registry.address());
    let folder = tempfile::tempdir()?;
    let daemon = Containerd::start(&folder.path().join("containerd"))?;
    let store = folder.path().join("host-ctr");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // In turns: what else the machine does hits both.
    for _ in 0..ROUNDS {
        let _ = fs::remove_dir_all(&store);
        ours.push(cost(None, || {
            let mut pull = Command::new(program);
            pull.arg("--store").arg(&store).arg("--run").arg(&store);
            succeed(pull.args(["pull-image", "--source", &image]))
        })?);
        daemon.forget(&image)?;
        theirs.push(cost(Some(&daemon), || {
            succeed(daemon.ctr().args(["image", "pull", "--plain-http", &image]))
        })?);
    }
    let sizes = [&root, &store, &daemon.root].map(|path| size(path));
    let median = |costs: &[Cost], of: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let row = |what: &str, of: fn(&Cost) -> f64, limit: &str| {
        let (a, b) = (median(&ours, of), median(&theirs, of));
        println!("| {what} | {a:.2} s | {b:.2} s | {:.2} | {limit} |", a / b);
    };
    println!("| cold pull | host-ctr | containerd, ctr | times | limit |\n|---|---|---|---|---|");
    row("wall", |cost| cost.wall, "0.8");
    row("processor", |cost| cost.processor, "0.6");
    let [tree, ours, theirs] = sizes;
    let mib = |size: Result<u64>| -> Result<f64> { Ok(size? as f64 / f64::from(1 << 20)) };
    let (tree, ours, theirs) = (mib(tree)?, mib(ours)?, mib(theirs)?);
    println!(
        "| store, of an image of {tree:.0} MiB | {ours:.0} MiB | {theirs:.0} MiB | {:.2} | 1 |",
        ours / theirs
    );
    println!(
        "| resident with nothing to do | 0 MB | {:.0} MB | | |",
        daemon.resident()? / 1e6
    );
    drop(daemon);
    warm_start()
}

/// A container that does nothing, on a node that has its image: from the command to its
/// end. Both are run in the same way, by turns.
fn warm_start() -> Result<()> {
    const IMAGE: &str = "localhost/bottlerocket-control:latest";
    let image = Image::find()?;
    let mut options = machine(&image, "bench-containers", through_firmware())?;
    options.disk = disk(&image, 5);
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    let timed = |command: &[&str]| -> Result<f64> {
        let begin = Instant::now();
        let ran = channel.run(Run {
            argv: command.iter().map(|&word| word.to_owned()).collect(),
            context: Some("system_u:system_r:runtime_t:s0".to_owned()),
            ..Run::default()
        })?;
        let wall = begin.elapsed().as_secs_f64();
        ensure!(ran.exit == 0, "{command:?}: {}", ran.stderr.text());
        Ok(wall)
    };
    let archive = "/usr/share/host-containers/bottlerocket-control.tar";
    timed(&["/usr/bin/ctr", "images", "import", archive])?;
    let ctr = [
        "/usr/bin/ctr",
        "run",
        "--rm",
        "--net-host",
        IMAGE,
        "bench",
        "/usr/bin/true",
    ];
    let ours = [
        "/usr/bin/host-ctr",
        "run",
        "--container-id",
        "bench",
        "--use-cached-image",
        "--source",
        IMAGE,
        "--",
        "/usr/bin/true",
    ];
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(timed(&ours)?);
        b.push(timed(&ctr)?);
    }
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (a, b) = (a[ROUNDS / 2], b[ROUNDS / 2]);
    println!(
        "| warm start and end, on a node | {a:.2} s | {b:.2} s | {:.2} | 0.8 |",
        a / b
    );
    Ok(())
}

fn cost(daemon: Option<&Containerd>, work: impl FnOnce() -> Result<()>) -> Result<Cost> {
    let processor = || -> Result<f64> {
        // Of children that have ended.
        let own = ticks("/proc/self/stat", 15)?;
        Ok(own + daemon.map_or(Ok(0.0), Containerd::processor)?)
    };
    rustix::fs::sync();
    let (begin, before) = (Instant::now(), processor()?);
    work()?;
    Ok(Cost {
        wall: begin.elapsed().as_secs_f64(),
        processor: processor()? - before,
    })
}

/// Seconds in two neighbouring fields of a stat file (proc(5)), counted from 0.
fn ticks(path: &str, field: usize) -> Result<f64> {
    let text = fs::read_to_string(path)?;
    // The name before may have any letters in it.
    let (_, rest) = text.rsplit_once(')').context("no fields")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at - 2)?.parse::<f64>().ok();
    let sum = number(field).zip(number(field + 1)).map(|(a, b)| a + b);
    Ok(sum.context("no such field")? / TICKS)
}

/// containerd with folders of its own.
struct Containerd {
    root: PathBuf,
    socket: PathBuf,
    process: Child,
}

impl Containerd {
    fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (root, socket) = (folder.join("root"), folder.join("socket"));
        let config = folder.join("config.toml");
        fs::write(
            &config,
            "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n",
        )?;
        let process = Command::new("containerd")
            .arg("--config")
            .arg(&config)
            .arg("--root")
            .arg(&root)
            .arg("--state")
            .arg(folder.join("state"))
            .arg("--address")
            .arg(&socket)
            .args(["--log-level", "error"])
            .stdin(Stdio::null())
            .spawn()
            .context("containerd does not run; hint: apt-get install containerd")?;
        let daemon = Self {
            root,
            socket,
            process,
        };
        let deadline = Instant::now() + START;
        while !daemon.ctr().arg("version").output()?.status.success() {
            if Instant::now() > deadline {
                bail!("containerd does not answer");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(daemon)
    }

    fn ctr(&self) -> Command {
        let mut ctr = Command::new("ctr");
        ctr.arg("--address").arg(&self.socket);
        ctr
    }

    /// Takes an image away, with all that belongs to it.
    fn forget(&self, image: &str) -> Result<()> {
        // The first time there is none. What it consisted of goes with it.
        self.ctr().args(["image", "rm", "--sync", image]).output()?;
        Ok(())
    }

    fn processor(&self) -> Result<f64> {
        ticks(&format!("/proc/{}/stat", self.process.id()), 13)
    }

    fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.context("no VmRSS")?.parse::<f64>()? * 1024.0)
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        // It is a child that nothing else waits for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Bytes that a tree takes on the disk.
fn size(path: &Path) -> Result<u64> {
    let output = Command::new("du")
        .args(["-s", "--block-size=1"])
        .arg(path)
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let number = text.split_whitespace().next().context("no size")?;
    Ok(number.parse()?)
}
