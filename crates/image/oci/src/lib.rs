//! Makes a container image from a root file system: an archive of an image layout
//! (OCI Image Format, version 1.1) with one layer, that `skopeo`, `podman load` and
//! `host-ctr` read. The same root makes the same bytes. The layer is not compressed: the
//! image of the OS is, and nodes have less to do when they start.

mod tree;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A file is none that a container has.
    #[error("{} is neither a file, a folder nor a link", .0.display())]
    Kind(PathBuf),
}

/// What an image is made of.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The root file system.
    pub root: &'a Path,
    /// The name it is known by, such as `localhost/bottlerocket-admin:latest`.
    pub name: &'a str,
    /// What it runs.
    pub entrypoint: &'a [String],
    /// The architecture of its programs, as Go names it: `amd64`, `arm64`.
    pub architecture: &'a str,
    /// The time of all that is in it, in seconds since 1970.
    pub epoch: u64,
}

/// Makes the archive. Beside it, in the same folder, is the layer for a while.
///
/// # Errors
///
/// See [`Error`].
pub fn archive(inputs: &Inputs<'_>, output: &Path) -> Result<(), Error> {
    let content = output.with_extension("layer.tar");
    let diff_id = write_layer(inputs, &content)?;
    let size = files::at("examine", &content, std::fs::metadata(&content))?.len();
    let config = blob(&json!({
        "architecture": inputs.architecture,
        "os": "linux",
        "config": {
            "Entrypoint": inputs.entrypoint,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }));
    let manifest = blob(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config.0, config.1.len() as u64),
        "layers": [descriptor(LAYER, &diff_id, size)],
    }));
    let mut listed = descriptor(MANIFEST, &manifest.0, manifest.1.len() as u64);
    listed["annotations"] = json!({"org.opencontainers.image.ref.name": inputs.name});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]});

    let partial = output.with_extension("partial");
    let file = files::at("make", &partial, File::create(&partial))?;
    let written = (|| {
        let mut archive = tar::Builder::new(BufWriter::new(file));
        let epoch = inputs.epoch;
        let mut add =
            |name: &str, bytes: &[u8]| append(&mut archive, epoch, name, bytes.len() as u64, bytes);
        add("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        add("index.json", index.to_string().as_bytes())?;
        add(&blob_path(&manifest.0), &manifest.1)?;
        add(&blob_path(&config.0), &config.1)?;
        let layer = File::open(&content)?;
        append(&mut archive, epoch, &blob_path(&diff_id), size, layer)?;
        archive.into_inner()?.flush()
    })();
    files::at("write", &partial, written)?;
    files::at("remove", &content, std::fs::remove_file(&content))?;
    Ok(files::at(
        "make",
        output,
        std::fs::rename(&partial, output),
    )?)
}

/// Writes the layer, and returns its identity.
fn write_layer(inputs: &Inputs<'_>, path: &Path) -> Result<String, Error> {
    let file = files::at("make", path, File::create(path))?;
    let hashing = Hashing {
        inner: BufWriter::new(file),
        digest: Sha256::new(),
    };
    let mut archive = tar::Builder::new(hashing);
    tree::append(&mut archive, inputs.root, inputs.epoch)?;
    let finished = archive.into_inner().and_then(|mut hashing| {
        hashing.flush()?;
        Ok(hashing.digest)
    });
    Ok(name(files::at("write", path, finished)?))
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    epoch: u64,
    path: &str,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tree::header(tar::EntryType::Regular, 0o644, epoch);
    header.set_size(size);
    archive.append_data(&mut header, path, content)
}

fn descriptor(kind: &str, digest: &str, size: u64) -> Value {
    json!({"mediaType": kind, "digest": digest, "size": size})
}

/// A document with its digest.
fn blob(document: &Value) -> (String, Vec<u8>) {
    let bytes = document.to_string().into_bytes();
    let mut digest = Sha256::new();
    digest.update(&bytes);
    (name(digest), bytes)
}

fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn name(digest: Sha256) -> String {
    let bytes = digest.finalize();
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

/// Hashes what goes through it.
struct Hashing<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn made(root: &Path, output: &Path) -> Vec<u8> {
        let inputs = Inputs {
            root,
            name: "localhost/test:latest",
            entrypoint: &["/bin/a".to_owned()],
            architecture: "amd64",
            epoch: 1_700_000_000,
        };
        archive(&inputs, output).unwrap();
        std::fs::read(output).unwrap()
    }

    #[test]
    fn the_same_root_makes_the_same_archive_which_names_what_is_in_it() {
        let work = tempfile::tempdir().unwrap();
        let root = work.path().join("root");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::write(root.join("bin/a"), "program").unwrap();
        let output = work.path().join("image.tar");
        let first = made(&root, &output);
        assert_eq!(first, made(&root, &output));
        assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 2);

        let mut entries = BTreeMap::new();
        for entry in tar::Archive::new(&first[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            entries.insert(entry.path().unwrap().to_string_lossy().into_owned(), bytes);
        }
        let json = |path: &str| serde_json::from_slice::<Value>(&entries[path]).unwrap();
        let at = |descriptor: &Value| blob_path(descriptor["digest"].as_str().unwrap());
        let index = json("index.json");
        let manifest = json(&at(&index["manifests"][0]));
        let config = json(&at(&manifest["config"]));
        assert_eq!(config["architecture"], "amd64");
        assert_eq!(config["config"]["Entrypoint"], json!(["/bin/a"]));
        let layer = &manifest["layers"][0];
        assert_eq!(layer["size"], entries[&at(layer)].len());
        // Each is what its name says.
        for (path, bytes) in entries
            .iter()
            .filter(|(path, _)| path.starts_with("blobs/"))
        {
            let digest = name(Sha256::new_with_prefix(bytes));
            assert_eq!(&blob_path(&digest), path);
        }
    }
}
