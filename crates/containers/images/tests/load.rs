//! Archives, good ones and such as strangers make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use images::{Reference, Store, load};
use serde_json::{Value, json};

const NAME: &str = "localhost/test:1";

fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

fn tar(entries: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        archive
            .append_data(&mut header, name, &bytes[..])
            .expect("an entry");
    }
    archive.into_inner().expect("an archive")
}

/// The entries of an archive with one layer, by what they are.
struct Archive {
    layer: Vec<u8>,
    config: Value,
    manifest: Value,
    index: Value,
    blobs: BTreeMap<String, Vec<u8>>,
}

fn blob(kind: &str, bytes: &[u8]) -> Value {
    let kind = format!("application/vnd.oci.image.{kind}");
    json!({"mediaType": kind, "digest": sha256(bytes), "size": bytes.len()})
}

impl Archive {
    fn new() -> Self {
        let layer = tar(&BTreeMap::from([("etc/file".to_owned(), b"text".to_vec())]));
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/a"]},
            "rootfs": {"type": "layers", "diff_ids": [sha256(&layer)]},
        });
        Self {
            layer,
            config,
            manifest: Value::Null,
            index: Value::Null,
            blobs: BTreeMap::new(),
        }
        .complete()
    }

    /// Makes everything that follows from the layer and the configuration.
    fn complete(mut self) -> Self {
        let config = self.config.to_string().into_bytes();
        self.manifest = json!({
            "schemaVersion": 2,
            "config": blob("config.v1+json", &config),
            "layers": [blob("layer.v1.tar", &self.layer)],
        });
        let manifest = self.manifest.to_string().into_bytes();
        let mut listed = blob("manifest.v1+json", &manifest);
        listed["annotations"] = json!({"org.opencontainers.image.ref.name": NAME});
        self.index = json!({"schemaVersion": 2, "manifests": [listed]});
        for bytes in [config, manifest, self.layer.clone()] {
            self.blobs.insert(sha256(&bytes), bytes);
        }
        self
    }

    fn write(&self, folder: &Path) -> PathBuf {
        let mut entries = BTreeMap::from([
            ("oci-layout".to_owned(), b"{}".to_vec()),
            ("index.json".to_owned(), self.index.to_string().into_bytes()),
        ]);
        for (digest, bytes) in &self.blobs {
            entries.insert(format!("blobs/{}", digest.replace(':', "/")), bytes.clone());
        }
        let path = folder.join("image.tar");
        std::fs::write(&path, tar(&entries)).expect("a file");
        path
    }

    fn load(&self, name: &str) -> Result<(tempfile::TempDir, Store, images::Image), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = self.write(folder.path());
        let store = Store::open(&folder.path().join("store")).expect("a store");
        let name: Reference = name.parse().expect("a name");
        match load(&store, &name, &path) {
            Ok(image) => Ok((folder, store, image)),
            Err(error) => {
                assert!(store.list().expect("a list").is_empty());
                Err(error.to_string())
            }
        }
    }
}

#[test]
fn an_image_is_kept_and_found_again() {
    let archive = Archive::new();
    let (folder, store, image) = archive.load(NAME).expect("an image");
    assert_eq!(
        image.digest,
        sha256(archive.manifest.to_string().as_bytes())
    );
    let file = store.layer(&image.layers[0]).join("etc/file");
    assert_eq!(std::fs::read_to_string(file).expect("a file"), "text");
    let name: Reference = NAME.parse().expect("a name");
    assert_eq!(store.image(&name).expect("a store"), Some(image.clone()));
    // It is not unpacked again.
    let again = load(&store, &name, &folder.path().join("image.tar"));
    assert_eq!(again.expect("an image"), image);
}

#[test]
fn what_is_damaged_or_another_image_is_not_kept() {
    type Damage = fn(&mut Archive);
    let table: [(Damage, &str); 7] = [
        (|a| a.index = json!({}), "index.json"),
        (
            |a| {
                a.index["manifests"][0]["annotations"] =
                    json!({"org.opencontainers.image.ref.name": "other"})
            },
            "it has other",
        ),
        (
            |a| {
                let manifest = a.index["manifests"][0]["digest"]
                    .as_str()
                    .expect("a digest")
                    .to_owned();
                let bytes = a.blobs.get_mut(&manifest).expect("a manifest");
                bytes.push(b' ');
            },
            "has the digest",
        ),
        (
            |a| {
                let config = a.manifest["config"]["digest"]
                    .as_str()
                    .expect("a digest")
                    .to_owned();
                a.blobs.remove(&config);
            },
            "has no blobs/",
        ),
        (
            |a| {
                let layer = sha256(&a.layer);
                a.blobs
                    .insert(layer, tar(&BTreeMap::from([("b".to_owned(), Vec::new())])));
            },
            "the configuration says",
        ),
        (
            |a| {
                let layer = sha256(&a.layer);
                a.blobs.get_mut(&layer).expect("a layer").truncate(700);
            },
            "layer sha256:",
        ),
        (
            |a| a.index["manifests"][0]["digest"] = json!("sha256:../../../etc/passwd"),
            "index.json",
        ),
    ];
    for (damage, reason) in table {
        let mut archive = Archive::new();
        damage(&mut archive);
        let error = archive
            .load(NAME)
            .err()
            .unwrap_or_else(|| panic!("{reason}"));
        assert!(error.contains(reason), "{reason}: {error}");
    }
    let other = Archive::new().load("localhost/other:1").err();
    assert!(other.is_some_and(|error| error.contains(NAME)));
}
