//! A container from its start to its end.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use images::{Image, Lock, Reference, Registries, Store};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitid,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinError, JoinHandle};
use tracing::{info, warn};

use crate::label::Labels;
use crate::rootfs::Root;
use crate::runc::{Runc, cgroup};
use crate::{Container, lent, spec};

/// How long a container has to end by itself.
const GRACE: Duration = Duration::from_secs(20);

/// The file of a bundle with the name of its image.
pub(crate) const IMAGE: &str = "image";

/// The host of images that are never asked for elsewhere.
const NO_REGISTRY: &str = "localhost";
/// Where the system carries images.
const CARRIED: &str = "/usr/share/host-containers";

type Ended = Result<Result<ExitStatus>, JoinError>;

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub store: PathBuf,
    pub run: PathBuf,
    pub runc: PathBuf,
}

impl Places {
    pub(crate) fn bundle(&self, id: &str) -> PathBuf {
        self.run.join(id)
    }

    fn written(&self, id: &str) -> PathBuf {
        self.store.join("running").join(id)
    }
}

/// The image of a container: fetched, unless the one that is there will do.
pub(crate) async fn image(
    store: &Store,
    source: &Reference,
    registries: &Registries,
    keep_cached: bool,
) -> Result<Image> {
    let cached = store.image(source)?;
    if source.registry() == NO_REGISTRY {
        return carried(store, source, cached);
    }
    // What had to be signed when it came may have to be by another one now.
    let cached = match cached {
        Some(image) if registries.admits(source, &image)? => Some(image),
        _ => None,
    };
    if let (true, Some(image)) = (keep_cached, &cached) {
        return Ok(image.clone());
    }
    match (images::pull(store, source, registries).await, cached) {
        (Ok(image), _) => {
            info!("{source} is {}", image.digest);
            Ok(image)
        }
        // A node that has lost its registry keeps its containers.
        (Err(error), Some(image)) => {
            warn!("{error}; going on with {} from before", image.digest);
            Ok(image)
        }
        (Err(error), None) => Err(error.into()),
    }
}

/// An image that no registry has: one of the node's own, or one that was loaded.
fn carried(store: &Store, source: &Reference, cached: Option<Image>) -> Result<Image> {
    let name = source.repository().rsplit('/').next().unwrap_or_default();
    let archive = Path::new(CARRIED).join(format!("{name}.tar"));
    match cached {
        _ if archive.exists() => {
            let image = images::load(store, source, &archive)?;
            info!("{source} is {}, of this node", image.digest);
            Ok(image)
        }
        Some(image) => Ok(image),
        None => bail!(
            "this node has no {source} ({} is not there); hint: set the container's \
             `source` to an image of a registry",
            archive.display()
        ),
    }
}

/// Runs a container, and returns how it ended. The lock is the one under which its
/// image was found.
pub(crate) async fn run(
    places: &Places,
    store: &Store,
    image: &Image,
    lock: Lock,
    container: &Container,
) -> Result<ExitStatus> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let id = container.id.as_str();
    let runc = Runc::new(&places.runc, &places.run);
    // What may be left of the last time.
    runc.delete(id);
    let bundle = Bundle::new(places.bundle(id), image)?;
    // From here on the bundle keeps it.
    drop(lock);
    let persistent = container.persistent();
    files::create_dir_all(&persistent)?;
    if let Some(user_data) = &container.user_data {
        files::replace(&persistent.join("user-data"), user_data, 0o600)?;
    }
    let root_path = bundle.path.join("rootfs");
    let labels = has_selinux().then(|| Labels::of(container));
    let label = labels.as_ref().map(|labels| labels.files.as_str());
    let _root = Root::mount(store, image, &root_path, &places.written(id), label)?;
    lent::copy(&bundle.path, label)?;
    let spec = spec::spec(container, image, &root_path, &cgroup()?, labels.as_ref())?;
    files::write(&bundle.path.join("config.json"), serde_json::to_vec(&spec)?)?;

    // runc ends as soon as the container is there, whose parent we become.
    set_child_subreaper(Some(Pid::INIT)).context("failed to become the parent")?;
    let made = Made { runc: &runc, id };
    let pid = runc.create(id, &bundle.path)?;
    let pid = Pid::from_raw(pid).context("runc wrote no process number")?;
    let process = pidfd_open(pid, PidfdFlags::empty()).context("the container is gone")?;
    let waiting = process.try_clone()?;
    let mut end = tokio::task::spawn_blocking(move || wait(&waiting));
    runc.start(id)?;
    info!("{id} runs");
    let status = tokio::select! {
        status = &mut end => status,
        _ = terminate.recv() => stop(&process, end).await,
        _ = interrupt.recv() => stop(&process, end).await,
    };
    drop(made);
    let status = status??;
    info!("{id} ended: {status}");
    Ok(status)
}

/// The folder that runc makes a container of. It says that its image is in use.
struct Bundle {
    path: PathBuf,
}

impl Bundle {
    fn new(path: PathBuf, image: &Image) -> Result<Self> {
        files::create_dir_all(&path)?;
        files::write(&path.join(IMAGE), &image.name)?;
        Ok(Self { path })
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        // Each by its name: a root that could not be unmounted is not to be emptied.
        for name in [IMAGE, "config.json", "pid"] {
            let _ = std::fs::remove_file(self.path.join(name));
        }
        let _ = std::fs::remove_dir_all(self.path.join(lent::FOLDER));
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// A container that is taken away whatever happens.
struct Made<'a> {
    runc: &'a Runc,
    id: &'a str,
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.runc.delete(self.id);
    }
}

/// Waits for a process of ours to end.
fn wait(process: &OwnedFd) -> Result<ExitStatus> {
    let id = WaitId::PidFd(process.as_fd());
    let status = waitid(id, WaitIdOptions::EXITED)?.context("it did not end")?;
    let raw = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code << 8,
        (None, Some(signal)) => signal,
        (None, None) => 1 << 8,
    };
    Ok(ExitStatus::from_raw(raw))
}

/// Asks a container to end, and makes it after its time.
async fn stop(process: &OwnedFd, mut end: JoinHandle<Result<ExitStatus>>) -> Ended {
    // One that is gone already needs no signal.
    let _ = pidfd_send_signal(process, Signal::TERM);
    match tokio::time::timeout(GRACE, &mut end).await {
        Ok(ended) => ended,
        Err(_) => {
            warn!("it did not end in {} s", GRACE.as_secs());
            let _ = pidfd_send_signal(process, Signal::KILL);
            end.await
        }
    }
}

fn has_selinux() -> bool {
    Path::new("/sys/fs/selinux/enforce").exists()
}
