//! A registry of container images (Debian's docker-registry) and images for it, made
//! with umoci.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::image::workspace;

/// Where the static busybox of Debian is.
const BUSYBOX: &str = "/usr/bin/busybox";
const APPLETS: &[&str] = &[
    "cat", "dd", "echo", "id", "ls", "mknod", "mount", "ps", "sh", "sleep", "tr", "unshare",
];
const START: Duration = Duration::from_secs(10);

/// What a layer does to the root below it.
pub type Change<'a> = &'a dyn Fn(&Path) -> Result<()>;

/// How a registry keeps others out.
#[derive(Debug)]
pub struct Guard {
    /// The certificate, which is its own authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who may come in (htpasswd(1), bcrypt).
    pub passwords: PathBuf,
    /// One of them, as `USER:PASSWORD`.
    pub credentials: String,
}

/// A registry on the loopback interface, as long as this lives.
#[derive(Debug)]
pub struct Registry {
    folder: PathBuf,
    address: SocketAddr,
    credentials: Option<String>,
    process: Child,
}

impl Registry {
    /// Starts an empty one, in place of any other one of that name.
    pub fn start(name: &str) -> Result<Self> {
        Self::start_guarded(name, None)
    }

    /// Starts one that speaks TLS and asks who one is, if it is told how.
    pub fn start_guarded(name: &str, guard: Option<&Guard>) -> Result<Self> {
        let folder = workspace().join("build/end-to-end").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        // Free a moment ago; nobody else takes ports here.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.join("config.yml");
        let mut text = json!({
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": folder.join("data")}},
            "http": {"addr": address.to_string()},
        });
        if let Some(guard) = guard {
            text["http"]["tls"] = json!({"certificate": guard.certificate, "key": guard.key});
            text["auth"] = json!({"htpasswd": {"realm": "test", "path": guard.passwords}});
        }
        // JSON is YAML.
        fs::write(&config, text.to_string())?;
        let log = fs::File::create(folder.join("registry.log"))?;
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("docker-registry does not run; hint: apt-get install docker-registry")?;
        let registry = Self {
            folder,
            address,
            credentials: guard.map(|guard| guard.credentials.clone()),
            process,
        };
        let deadline = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < deadline, "docker-registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(registry)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes an image with a shell, in two layers of which the upper one hides and
    /// adds files of the lower one, and stores it.
    pub fn push_busybox(&self, name: &str) -> Result<()> {
        let image = self.new_image()?;
        self.layer(&image, |root| {
            for folder in ["bin", "etc", "tmp"] {
                fs::create_dir(root.join(folder))?;
            }
            fs::copy(BUSYBOX, root.join("bin/busybox"))
                .context("hint: apt-get install busybox-static")?;
            for applet in APPLETS {
                symlink("busybox", root.join("bin").join(applet))?;
            }
            fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n")?;
            fs::write(root.join("etc/hidden"), "of the lower layer\n")?;
            Ok(())
        })?;
        self.layer(&image, |root| {
            fs::remove_file(root.join("etc/hidden"))?;
            fs::write(root.join("etc/layer"), "of the upper layer\n")?;
            Ok(())
        })?;
        self.store(&image, name)
    }

    /// Makes an image of one layer for each change, stores it, and returns its root
    /// as umoci unpacks it.
    pub fn push(&self, name: &str, changes: &[Change<'_>]) -> Result<PathBuf> {
        let image = self.new_image()?;
        for change in changes {
            self.layer(&image, change)?;
        }
        self.store(&image, name)?;
        let bundle = self.folder.join("bundle");
        umoci(&["unpack", "--image", &image, &bundle.to_string_lossy()])?;
        Ok(bundle.join("rootfs"))
    }

    fn new_image(&self) -> Result<String> {
        let layout = self.folder.join("layout");
        let image = format!("{}:image", layout.display());
        umoci(&["init", "--layout", &layout.to_string_lossy()])?;
        umoci(&["new", "--image", &image])?;
        Ok(image)
    }

    fn store(&self, image: &str, name: &str) -> Result<()> {
        let target = format!("docker://{}/{name}", self.address);
        let source = format!("oci:{image}");
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["copy", "--quiet", "--dest-tls-verify=false"]);
        if let Some(credentials) = &self.credentials {
            skopeo.args(["--dest-creds", credentials]);
        }
        skopeo.args([&source, &target]);
        succeed(&mut skopeo)
    }

    fn layer(&self, image: &str, change: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let bundle = self.folder.join("bundle");
        let bundle_name = bundle.to_string_lossy();
        umoci(&["unpack", "--image", image, &bundle_name])?;
        change(&bundle.join("rootfs"))?;
        umoci(&["repack", "--image", image, &bundle_name])?;
        Ok(fs::remove_dir_all(&bundle)?)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It is a child that nothing else waits for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn umoci(arguments: &[&str]) -> Result<()> {
    succeed(Command::new("umoci").args(arguments))
}

/// Runs a program that has to succeed.
pub fn succeed(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("failed to run {command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {errors}");
    Ok(())
}
