//! From a registry into the store.

use std::io::Read;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use layers::Limits;
use oci_client::Reference;
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{OciDescriptor, OciImageManifest};
use oci_spec::image::ImageConfiguration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::Error;
use crate::fetch::{fetch, is_final, pause};
use crate::registry::{Registries, Source};
use crate::store::{Image, Store};

/// Layers that are on their way at a time.
const AT_A_TIME: usize = 3;
/// Pieces of a layer that may wait to be unpacked.
const PIECES_AHEAD: usize = 16;
/// overlayfs stacks no more.
const MAX_LAYERS: usize = 500;
const MAX_CONFIG_BYTES: i64 = 4 << 20;
const ATTEMPTS: u32 = 5;

/// Fetches an image and keeps it. Layers that are there are not fetched again.
///
/// # Errors
///
/// If no source has it, or what they have is not what it should be.
pub async fn pull(
    store: &Store,
    name: &Reference,
    registries: &Registries,
) -> Result<Image, Error> {
    let _lock = store.lock()?;
    let mut attempts = Vec::new();
    for source in registries.sources(name)? {
        match pull_from(store, name, &source).await {
            Ok(image) => return Ok(image),
            // Another source cannot help here.
            Err(error @ Error::File(_)) => return Err(error),
            Err(error) => attempts.push(format!("{}: {error}", source.name)),
        }
    }
    Err(Error::Pull {
        image: name.whole(),
        attempts,
    })
}

async fn pull_from(store: &Store, name: &Reference, source: &Source) -> Result<Image, Error> {
    let (manifest, digest) = manifest(source).await?;
    let config = config(source, &manifest.config).await?;
    let diff_ids = diff_ids(&config, &manifest)?;
    let missing = manifest
        .layers
        .iter()
        .zip(&diff_ids)
        .filter(|(_, diff_id)| !store.has_layer(diff_id));
    let mut new: Vec<(String, TempDir)> = Vec::new();
    let mut wanted: Vec<(OciDescriptor, String)> = Vec::new();
    for (layer, diff_id) in missing {
        // The same layer may be there twice.
        if !wanted.iter().any(|(_, known)| known == diff_id) {
            wanted.push((layer.clone(), diff_id.clone()));
        }
    }
    let fetched = stream::iter(wanted)
        .map(|(layer, diff_id)| async move {
            let folder = unpack(store, source, &layer, &diff_id).await?;
            Ok::<_, Error>((diff_id, folder))
        })
        .buffer_unordered(AT_A_TIME);
    new.extend(fetched.try_collect::<Vec<_>>().await?);
    let image = Image {
        name: name.whole(),
        digest,
        config,
        layers: diff_ids,
    };
    store.keep(&image, new)?;
    Ok(image)
}

async fn manifest(source: &Source) -> Result<(OciImageManifest, String), Error> {
    let mut failures = 0;
    loop {
        let pulled = source
            .client
            .pull_image_manifest(&source.image, &source.auth)
            .await;
        match pulled {
            Ok(pulled) => return Ok(pulled),
            Err(error) if is_final(&error) => return Err(error.into()),
            Err(error) => {
                failures += 1;
                if failures >= ATTEMPTS {
                    return Err(error.into());
                }
                tokio::time::sleep(pause(failures)).await;
            }
        }
    }
}

async fn config(source: &Source, blob: &OciDescriptor) -> Result<ImageConfiguration, Error> {
    if blob.size > MAX_CONFIG_BYTES {
        return Err(Error::Damaged("its configuration is too large".to_owned()));
    }
    let (sender, mut receiver) = mpsc::channel::<std::io::Result<bytes::Bytes>>(PIECES_AHEAD);
    let collect = async {
        let mut bytes = Vec::new();
        while let Some(piece) = receiver.recv().await {
            bytes.extend_from_slice(&piece.map_err(OciDistributionError::IoError)?);
        }
        Ok::<_, OciDistributionError>(bytes)
    };
    let ((), bytes) = tokio::join!(fetch(source, blob, sender), collect);
    let config = ImageConfiguration::from_reader(&bytes?[..]);
    config.map_err(|e| Error::Damaged(format!("its configuration: {e}")))
}

/// The identities of the layers, in hexadecimal.
fn diff_ids(
    config: &ImageConfiguration,
    manifest: &OciImageManifest,
) -> Result<Vec<String>, Error> {
    let ids = config.rootfs().diff_ids();
    let damaged = |what: String| Err(Error::Damaged(what));
    if ids.len() != manifest.layers.len() {
        return damaged(format!(
            "it has {} layers and {} identities for them",
            manifest.layers.len(),
            ids.len()
        ));
    }
    if ids.len() > MAX_LAYERS {
        return damaged(format!(
            "it has {} layers; overlayfs takes {MAX_LAYERS}",
            ids.len()
        ));
    }
    let mut found = Vec::new();
    for id in ids {
        match id.strip_prefix("sha256:") {
            // They become names of folders.
            Some(hex)
                if hex.len() == 64
                    && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) =>
            {
                found.push(hex.to_owned());
            }
            _ => return damaged(format!("`{id}` is no SHA-256 of a layer")),
        }
    }
    Ok(found)
}

/// Unpacks a layer as it comes in.
async fn unpack(
    store: &Store,
    source: &Source,
    layer: &OciDescriptor,
    diff_id: &str,
) -> Result<TempDir, Error> {
    let folder = store.begin_layer()?;
    let path = folder.path().to_owned();
    let (sender, mut receiver) = mpsc::channel(PIECES_AHEAD);
    let pieces = stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut reader = SyncIoBridge::new(StreamReader::new(pieces));
    let work = tokio::task::spawn_blocking(move || {
        let unpacked = layers::unpack(&mut reader, &path, Limits::default())?;
        // What comes after the end of the archive shows whether all was right.
        let rest = std::io::copy(&mut reader.by_ref().take(u64::MAX), &mut std::io::sink());
        rest.map_err(layers::Error::Archive)?;
        Ok::<_, layers::Error>(unpacked)
    });
    let ((), done) = tokio::join!(fetch(source, layer, sender), work);
    let done = done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    let unpacked = done.map_err(|source| Error::Layer {
        digest: layer.digest.clone(),
        source,
    })?;
    match unpacked.diff_id == diff_id {
        true => Ok(folder),
        false => Err(Error::Damaged(format!(
            "layer {} is sha256:{}, the configuration says sha256:{diff_id}",
            layer.digest, unpacked.diff_id
        ))),
    }
}
