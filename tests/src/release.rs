//! Two versions of the system, and the repository that leads from one to the
//! other.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fake_http_server::{Answer, FakeTcpServer};

use crate::image::{Image, workspace};

/// A signed repository in a folder.
#[derive(Debug)]
pub struct TestRepository {
    folder: PathBuf,
    repository: PathBuf,
    key: PathBuf,
    /// That of the image under test.
    architecture: String,
}

impl TestRepository {
    /// A new one, in place of any other one of that name, with a key of its own.
    pub fn new(name: &str) -> Result<Self> {
        let folder = workspace().join("build/end-to-end").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let repository = Self {
            repository: folder.join("repository"),
            key: folder.join("key"),
            architecture: Image::architecture_under_test()?,
            folder,
        };
        repository.publisher("key", &[&repository.key])?;
        repository.publisher("init", &repository.signing())?;
        Ok(repository)
    }

    /// An image whose nodes trust this repository.
    pub fn image(&self, version: &str) -> Result<Image> {
        self.image_with(version, &[])
    }

    /// As [`Self::image`], with a fault: a folder below `tests/fixtures/faults`.
    pub fn faulty_image(&self, version: &str, fault: &str) -> Result<Image> {
        let overlay = workspace().join("tests/fixtures/faults").join(fault);
        self.image_with(version, &["--overlay".as_ref(), &overlay])
    }

    fn image_with(&self, version: &str, more: &[&Path]) -> Result<Image> {
        let output = self.folder.join(version);
        let arguments: [&Path; 9] = [
            "image".as_ref(),
            "--arch".as_ref(),
            self.architecture.as_ref(),
            "--os-version".as_ref(),
            version.as_ref(),
            "--update-root".as_ref(),
            &self.repository.join("metadata/1.root.json"),
            "--output".as_ref(),
            &output,
        ];
        cargo_run("image-builder", &[&arguments, more].concat())?;
        Image::in_folder(&output)
    }

    /// Offers an image.
    pub fn add(&self, version: &str) -> Result<()> {
        self.add_with(version, &[])
    }

    /// Offers an image, with all migrations there are as those that lead from
    /// another version to it.
    pub fn add_with_migrations(&self, version: &str, from: &str) -> Result<()> {
        let arguments = ["migrations", "--arch", &self.architecture].map(Path::new);
        cargo_run("image-builder", &arguments)?;
        let built = workspace()
            .join("build/migrations")
            .join(&self.architecture);
        let folder = self.folder.join("migrations");
        fs::create_dir_all(&folder)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&built)? {
            let path = entry?.path();
            let name = path.file_name().context("a file has a name")?;
            if path.extension().is_none() {
                fs::copy(&path, folder.join(name))?;
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        let list = format!("[migrations]\n\"({from}, {version})\" = {names:?}\n");
        fs::write(folder.join("migrations.toml"), list)?;
        self.add_with(version, &["--migrations".as_ref(), &folder])
    }

    /// Offers an image from elsewhere.
    pub fn add_image(&self, image: &Path) -> Result<()> {
        let signing = self.signing();
        let arguments = [&signing[..], &["--image".as_ref(), image]].concat();
        self.publisher("add", &arguments)
    }

    /// Where all of it is; the repository is in `repository`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn add_with(&self, version: &str, more: &[&Path]) -> Result<()> {
        let image = self.folder.join(version);
        let signing = self.signing();
        let arguments = [&signing[..], &["--image".as_ref(), &image], more].concat();
        self.publisher("add", &arguments)
    }

    /// Serves it on the loopback interface, as long as the test runs.
    pub fn serve(&self) -> SocketAddr {
        let folder = self.repository.clone();
        let server = FakeTcpServer::start(move |request| {
            let path = request.target.split('?').next().unwrap_or_default();
            // Names are those that the publisher wrote; nobody else asks here.
            match fs::read(folder.join(path.trim_start_matches('/'))) {
                Err(_) => Answer::Status(404, String::new()),
                Ok(body) => {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                        body.len()
                    );
                    Answer::Bytes([head.as_bytes(), &body].concat())
                }
            }
        });
        server.address()
    }

    fn signing(&self) -> [&Path; 4] {
        [
            "--repository".as_ref(),
            &self.repository,
            "--key".as_ref(),
            &self.key,
        ]
    }

    fn publisher(&self, command: &str, arguments: &[&Path]) -> Result<()> {
        cargo_run("publisher", &[&[command.as_ref()], arguments].concat())
    }
}

/// Runs a program of the workspace.
pub fn cargo_run(program: &str, arguments: &[&Path]) -> Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--package", program, "--"])
        .args(arguments)
        .current_dir(workspace())
        .output()
        .with_context(|| format!("failed to run {program}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {arguments:?}: {text}");
    Ok(())
}
