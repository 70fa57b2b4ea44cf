//! Images from registries that do not always do as they should.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use fake_http_server::{Answer, FakeTcpServer, Request};
use images::{Image, Registries, Store};
use serde_json::{Value, json};

fn sha256(bytes: &str) -> String {
    let digest = digest(&SHA256, bytes.as_bytes());
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

/// An image of one layer, which is not packed, with one file.
#[derive(Debug, Clone)]
struct Served {
    manifest: Value,
    config: String,
    layer: String,
}

impl Served {
    fn new() -> Self {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(4);
        header.set_uid(rustix::process::getuid().as_raw().into());
        header.set_gid(rustix::process::getgid().as_raw().into());
        archive
            .append_data(&mut header, "file", &b"text"[..])
            .unwrap();
        let layer = String::from_utf8(archive.into_inner().unwrap()).unwrap();
        Self::of(&layer, &[&sha256(&layer)])
    }

    fn of(layer: &str, diff_ids: &[&str]) -> Self {
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = config.to_string();
        Self {
            manifest: json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": sha256(&config),
                    "size": config.len(),
                },
                "layers": [{
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": sha256(layer),
                    "size": layer.len(),
                }],
            }),
            config,
            layer: layer.to_owned(),
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let named = |value: &Value| format!("/blobs/{}", value.as_str().unwrap());
        let (path, manifest) = (&request.target, &self.manifest);
        if path.contains("/manifests/") {
            let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json";
            Answer::WithHeaders(200, vec![kind.to_owned()], manifest.to_string())
        } else if path.ends_with(&named(&manifest["config"]["digest"])) {
            Answer::ok(self.config.clone())
        } else if path.ends_with(&named(&manifest["layers"][0]["digest"])) {
            Answer::ok(self.layer.clone())
        } else {
            Answer::Status(404, String::new())
        }
    }
}

/// What comes of pulling from a server, and what is in the store then.
fn pull(store: &Store, server: &FakeTcpServer) -> Result<Image, String> {
    let name = format!("{}/test:1", server.address()).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let pulled = runtime.block_on(images::pull(store, &name, &Registries::default()));
    pulled.map_err(|error| error.to_string())
}

#[test]
fn an_image_is_pulled_once() {
    let served = Served::new();
    let server = FakeTcpServer::start(move |request| served.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let image = pull(&store, &server).unwrap();
    let file = store.layer(&image.layers[0]).join("file");
    assert_eq!(fs::read_to_string(file).unwrap(), "text");
    let blobs = |server: &FakeTcpServer| {
        let lines = server.lines();
        lines.iter().filter(|line| line.contains("/blobs/")).count()
    };
    assert_eq!(blobs(&server), 2);
    assert_eq!(pull(&store, &server).unwrap(), image);
    // The configuration again, but not the layer.
    assert_eq!(blobs(&server), 3);
    assert_eq!(store.list().unwrap(), std::slice::from_ref(&image));
    // What nobody needs goes, what somebody needs stays.
    let keep = image.name.parse().unwrap();
    store
        .clean_up(&store.lock_alone().unwrap(), &[keep])
        .unwrap();
    assert!(store.layer(&image.layers[0]).exists());
    store.clean_up(&store.lock_alone().unwrap(), &[]).unwrap();
    assert!(store.list().unwrap().is_empty());
    assert!(!store.layer(&image.layers[0]).exists());
}

#[test]
fn what_is_not_what_it_should_be_is_refused_and_not_kept() {
    let good = Served::new();
    let changed = |change: &dyn Fn(&mut Served)| {
        let mut served = good.clone();
        change(&mut served);
        served
    };
    let longer = format!("{}more", good.layer);
    let id = sha256(&good.layer);
    for (why, served) in [
        (
            "its digest is",
            changed(&|s| s.layer = s.layer.replace("text", "evil")),
        ),
        (
            "longer than the manifest",
            changed(&|s| s.layer.clone_from(&longer)),
        ),
        (
            "its digest is",
            changed(&|s| s.config = s.config.replace("linux", "lynux")),
        ),
        (
            "the configuration says",
            Served::of(&good.layer, &[&sha256("other")]),
        ),
        (
            "1 layers and 2 identities",
            Served::of(&good.layer, &[&id, &id]),
        ),
        (
            "is no SHA-256 of a layer",
            Served::of(&good.layer, &["sha256:../../etc"]),
        ),
        (
            "configuration is too large",
            changed(&|s| {
                s.manifest["config"]["size"] = json!(1_u64 << 40);
            }),
        ),
        (
            "archive is damaged",
            Served::of("no archive at all", &[&sha256("no archive at all")]),
        ),
    ] {
        let server = FakeTcpServer::start(move |request| served.answer(request));
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let error = pull(&store, &server).unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
        assert!(store.list().unwrap().is_empty(), "{why}");
        let layers = fs::read_dir(folder.path().join("layers")).unwrap();
        assert_eq!(layers.count(), 0, "{why}");
    }
}

#[test]
fn what_breaks_off_goes_on_where_it_was() {
    let served = Served::new();
    let layer = served.layer.clone();
    let name = served.manifest["layers"][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let half = layer.len() / 2;
    let server = FakeTcpServer::start(move |request| {
        if !request.target.ends_with(&name) {
            return served.answer(request);
        }
        match request.header("range") {
            Some(range) if range == format!("bytes={half}-") => {
                let place = format!(
                    "Content-Range: bytes {half}-{}/{1}",
                    layer.len() - 1,
                    layer.len()
                );
                Answer::WithHeaders(206, vec![place], layer[half..].to_owned())
            }
            _ => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", layer.len());
                Answer::Bytes([head.as_bytes(), &layer.as_bytes()[..half]].concat())
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let image = pull(&store, &server).unwrap();
    let file = store.layer(&image.layers[0]).join("file");
    assert_eq!(fs::read_to_string(file).unwrap(), "text");
}

#[test]
fn other_places_that_a_manifest_names_are_not_asked() {
    let elsewhere = FakeTcpServer::start(|_| Answer::ok("anything"));
    let mut served = Served::new();
    served.manifest["layers"][0]["urls"] = json!([format!("http://{}/x", elsewhere.address())]);
    let name = served.manifest["layers"][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let server = FakeTcpServer::start(move |request| match request.target.ends_with(&name) {
        true => Answer::Status(404, String::new()),
        false => served.answer(request),
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    pull(&store, &server).unwrap_err();
    assert!(elsewhere.requests().is_empty());
}
