//! Images from registries that do not always do as they should.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_http_server::{Answer, FakeTcpServer, Request};
use images::{Image, Registries, Signatures, Store};
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
    pull_with(store, server, &Registries::default())
}

fn pull_with(
    store: &Store,
    server: &FakeTcpServer,
    registries: &Registries,
) -> Result<Image, String> {
    let name = format!("{}/test:1", server.address()).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let pulled = runtime.block_on(images::pull(store, &name, registries));
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
            "is too large",
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

/// A key as settings have it, and what it signs with.
fn key() -> (String, EcdsaKeyPair) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let body = STANDARD.encode(pair.public_key().as_der().unwrap().as_ref());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    (STANDARD.encode(pem), pair)
}

/// An image, and the one beside it with its signature.
fn signed(
    served: &Served,
    pair: &EcdsaKeyPair,
    digest: &str,
) -> impl Fn(&Request) -> Answer + use<> {
    let statement = json!({"critical": {
        "identity": {"docker-reference": ""},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }});
    let statement = statement.to_string();
    let signature = pair
        .sign(&SystemRandom::new(), statement.as_bytes())
        .unwrap();
    let mut beside = Served::of(&statement, &[&sha256(&statement)]);
    let layer = &mut beside.manifest["layers"][0];
    layer["mediaType"] = json!("application/vnd.dev.cosign.simplesigning.v1+json");
    layer["annotations"] =
        json!({"dev.cosignproject.cosign/signature": STANDARD.encode(signature.as_ref())});
    let tag = sha256(&served.manifest.to_string()).replace(':', "-") + ".sig";
    let served = served.clone();
    move |request| match request.target.ends_with(&format!("/manifests/{tag}")) {
        true => beside.answer(request),
        false => match served.answer(request) {
            Answer::Status(404, _) => beside.answer(request),
            answer => answer,
        },
    }
}

#[test]
fn what_has_to_be_signed_is_signed_or_not_kept() {
    let served = Served::new();
    let digest = sha256(&served.manifest.to_string());
    let ((public, pair), (other, _)) = (key(), key());
    let wanted = |images: &str, public_key: &str| Registries {
        signatures: vec![Signatures {
            images: images.to_owned(),
            public_key: public_key.to_owned(),
        }],
        ..Registries::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let refused = |server: &FakeTcpServer, registries: &Registries, why: &str| {
        let error = pull_with(&store, server, registries).unwrap_err();
        assert!(
            error.contains("may not run") && error.contains(why),
            "{error}"
        );
        assert!(store.list().unwrap().is_empty());
    };
    let unsigned = served.clone();
    let unsigned = FakeTcpServer::start(move |request| match request.target.contains("sha256-") {
        true => Answer::Status(404, String::new()),
        false => unsigned.answer(request),
    });
    refused(&unsigned, &wanted("*", &public), "there is no signature");
    let of_another = FakeTcpServer::start(signed(&served, &pair, &sha256("another")));
    refused(&of_another, &wanted("*", &public), "no key");
    let server = FakeTcpServer::start(signed(&served, &pair, &digest));
    refused(&server, &wanted("*", &other), "no key");
    let name = format!("{}/test", server.address());
    let registries = wanted(&name, &public);
    let image = pull_with(&store, &server, &registries).unwrap();
    // Settings decide again before it runs.
    let whole = image.name.parse().unwrap();
    for (registries, admitted) in [
        (registries, true),
        (wanted("*", &other), false),
        (wanted(&format!("{}/tes", server.address()), &other), true),
        (Registries::default(), true),
    ] {
        assert_eq!(registries.admits(&whole, &image).unwrap(), admitted);
    }
    let unsigned = Image {
        signed_by: None,
        ..image
    };
    assert!(!wanted("*", &public).admits(&whole, &unsigned).unwrap());
    assert!(wanted("*", "no key").admits(&whole, &unsigned).is_err());
}
