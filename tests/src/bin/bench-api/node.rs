//! A server on a folder of its own, with appliers behind it.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use settings_model::{Variant, tree};
use settings_render::Declarations;

use crate::connection::Connection;

/// The variant that is measured: one with many files.
const NAME: &str = "aws-k8s";
const VARIANT: &str = include_str!("../../../../conf/variants/aws-k8s.toml");

/// What a node of it is given.
const USER_DATA: &str = include_str!("../../../fixtures/user-data/eks-node.toml");

/// Keys that are set besides, so that no answer is short.
const SYSCTLS: usize = 170;

/// A server that runs.
pub struct Node {
    folder: tempfile::TempDir,
    server: Child,
}

pub fn variant() -> Result<Variant> {
    Ok(Variant::parse(NAME, VARIANT)?)
}

/// What is set beyond the defaults.
fn changes() -> Result<Value> {
    let sysctls: Map<String, Value> = (0..SYSCTLS)
        .map(|n| (format!("net.bench.k{n}"), json!(n.to_string())))
        .collect();
    let mut user_data: Value = toml::from_str(USER_DATA)?;
    let mut settings = user_data["settings"].take();
    tree::merge(&mut settings, &json!({"kernel": {"sysctl": sysctls}}));
    Ok(settings)
}

/// The settings that are in force then.
pub fn settings(variant: &Variant) -> Result<Value> {
    let mut settings = Declarations::of(variant)?.defaults().clone();
    tree::merge(&mut settings, &variant.model.normalise(&changes()?)?);
    Ok(settings)
}

/// How long servers take from their start to their first answer.
pub fn starts(program: &Path, count: usize) -> Result<Vec<Duration>> {
    let once = |_| {
        let start = Instant::now();
        let node = Node::start(program)?;
        Connection::open(&node)?.ask("GET /settings?keys=motd HTTP/1.1", "")?;
        Ok(start.elapsed())
    };
    (0..count).map(once).collect()
}

impl Node {
    pub fn start(program: &Path) -> Result<Node> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("root"))?;
        fs::write(
            path("os-release"),
            format!("PRETTY_NAME=bench\nVERSION_ID=1.0.0\nBUILD_ID=bench\nVARIANT_ID={NAME}\n"),
        )?;
        fs::write(path("variant.toml"), VARIANT)?;
        let ready = UnixDatagram::bind(path("notify.sock"))?;
        ready.set_read_timeout(Some(Duration::from_secs(60)))?;
        serve_appliers(program, folder.path())?;
        let server = Command::new(program)
            .args(["apiserver", "--log-level", "error"])
            .arg("--datastore-path")
            .arg(path("datastore"))
            .arg("--socket-path")
            .arg(path("api.sock"))
            .arg("--applier-socket")
            .arg(path("applier.sock"))
            .arg("--os-release-path")
            .arg(path("os-release"))
            .arg("--variant-path")
            .arg(path("variant.toml"))
            .env("NOTIFY_SOCKET", path("notify.sock"))
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        let node = Node { folder, server };
        let mut message = [0; 64];
        ready
            .recv(&mut message)
            .context("the server did not start")?;
        Ok(node)
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("api.sock")
    }

    /// Sets what is measured. Returns how many keys have a value then.
    pub fn fill(&self) -> Result<usize> {
        let mut connection = Connection::open(self)?;
        connection.ask(
            "PATCH /settings?layer=user-data HTTP/1.1",
            &changes()?.to_string(),
        )?;
        connection.ask("POST /tx/commit HTTP/1.1", "")?;
        connection.ask("GET /settings HTTP/1.1", "")?;
        let settings: Value = serde_json::from_slice(connection.body())?;
        Ok(tree::flatten(&settings)?.len())
    }

    /// Processor time of all threads so far.
    pub fn cpu(&self) -> Result<Duration> {
        let tasks = format!("/proc/{}/task", self.server.id());
        let mut sum = 0;
        for task in fs::read_dir(tasks)? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let on_cpu = text.split(' ').next().unwrap_or_default();
            sum += on_cpu.parse::<u64>().context("schedstat")?;
        }
        Ok(Duration::from_nanos(sum))
    }

    /// Bytes of memory.
    pub fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        Ok(kib.context("no VmRSS")?.parse::<f64>()? * 1024.0)
    }

    /// What this disk needs for one durable replacement of a generation.
    pub fn replacements(&self, count: usize) -> Result<Vec<Duration>> {
        let folder = self.folder.path().join("datastore/1.0.0");
        let newest = fs::read_dir(&folder)?.filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.to_owned();
            name.starts_with("generation-").then_some(path)
        });
        let bytes = fs::read(newest.max().context("no generation")?)?;
        let scratch = tempfile::tempdir_in(self.folder.path())?;
        let (temporary, name) = (scratch.path().join("new"), scratch.path().join("file"));
        crate::repeat(count, || {
            let mut file = File::create(&temporary)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &name)?;
            Ok(File::open(scratch.path())?.sync_all()?)
        })
    }

    /// Times from a change to the file that it changes.
    pub fn changes(&self, count: usize) -> Result<Vec<Duration>> {
        let motd = self.folder.path().join("root/etc/motd");
        let mut connection = Connection::open(self)?;
        let mut number = 0;
        crate::repeat(count, || {
            number += 1;
            let text = format!("changed for the {number}. time");
            let body = json!({ "motd": text }).to_string();
            connection.ask("PATCH /settings HTTP/1.1", &body)?;
            connection.ask("POST /tx/commit_and_apply HTTP/1.1", "")?;
            let deadline = Instant::now() + Duration::from_secs(10);
            while !fs::read_to_string(&motd).is_ok_and(|found| found.contains(&text)) {
                ensure!(
                    Instant::now() < deadline,
                    "{} did not change",
                    motd.display()
                );
                thread::sleep(Duration::from_micros(200));
            }
            Ok(())
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Gone already if something failed because of that.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A socket unit with `Accept=yes`: one settings applier for each connection.
fn serve_appliers(program: &Path, folder: &Path) -> Result<()> {
    let listener = UnixListener::bind(folder.join("applier.sock"))?;
    let (program, folder) = (program.to_owned(), folder.to_owned());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let stream = OwnedFd::from(stream);
            let Ok(input) = stream.try_clone() else {
                return;
            };
            let applier = Command::new(&program)
                .arg("settings-applier")
                .arg("--root")
                .arg(folder.join("root"))
                .arg("--socket-path")
                .arg(folder.join("api.sock"))
                .arg("--variant-path")
                .arg(folder.join("variant.toml"))
                .stdin(input)
                .stdout(stream)
                .spawn();
            if let Ok(mut applier) = applier {
                let _ = applier.wait();
            }
        }
    });
    Ok(())
}
