//! From a registry into the store.

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use layers::Limits;
use oci_client::Reference;
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{OciDescriptor, OciImageManifest};
use oci_spec::image::ImageConfiguration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::fetch::{fetch, is_final, pause};
use crate::registry::{Registries, Source};
use crate::store::{Image, Store};
use crate::{Error, hex};

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
    let names = chain_ids(&diff_ids);
    let wanted = (0..names.len()).filter(|at| !store.has_layer(&names[*at]));
    let fetched = stream::iter(wanted)
        .map(|at| {
            let (layer, diff_id) = (&manifest.layers[at], &diff_ids[at]);
            async move { Ok::<_, Error>((at, unpack(store, source, layer, diff_id).await?)) }
        })
        .buffer_unordered(AT_A_TIME);
    let mut new = fetched.try_collect::<Vec<_>>().await?;
    new.sort_by_key(|(at, _)| *at);
    let mut folders: Vec<PathBuf> = names.iter().map(|name| store.layer(name)).collect();
    for (at, layer) in &new {
        folders[*at] = layer.folder.path().to_owned();
        let adopted = layers::adopt(&folders[*at], &layer.implied, &folders[..*at]);
        adopted.map_err(|source| Error::Layer {
            digest: manifest.layers[*at].digest.clone(),
            source,
        })?;
    }
    let new = new
        .into_iter()
        .map(|(at, layer)| (names[at].clone(), layer.folder));
    let image = Image {
        name: name.whole(),
        digest,
        config,
        layers: names.clone(),
    };
    store.keep(&image, new.collect())?;
    Ok(image)
}

/// A layer that is on its way into the store.
struct NewLayer {
    folder: TempDir,
    implied: Vec<PathBuf>,
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

/// The identity of each layer on top of those below it (OCI Image Format, ChainID):
/// what a folder is that a layer only has things in is for those below to say.
fn chain_ids(diff_ids: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for diff_id in diff_ids {
        let name = match names.last() {
            None => diff_id.clone(),
            Some(below) => {
                let text = format!("sha256:{below} sha256:{diff_id}");
                hex(digest(&SHA256, text.as_bytes()).as_ref())
            }
        };
        names.push(name);
    }
    names
}

/// Unpacks a layer as it comes in.
async fn unpack(
    store: &Store,
    source: &Source,
    layer: &OciDescriptor,
    diff_id: &str,
) -> Result<NewLayer, Error> {
    let folder = store.begin_layer()?;
    let path = folder.path().to_owned();
    let (sender, mut receiver) = mpsc::channel(PIECES_AHEAD);
    let pieces = stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut reader = SyncIoBridge::new(StreamReader::new(pieces));
    let work = tokio::task::spawn_blocking(move || {
        // To the very end, where it shows whether all was right.
        layers::unpack(&mut reader, &path, Limits::default())
    });
    let ((), done) = tokio::join!(fetch(source, layer, sender), work);
    let done = done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    let unpacked = done.map_err(|source| Error::Layer {
        digest: layer.digest.clone(),
        source,
    })?;
    match unpacked.diff_id == diff_id {
        true => Ok(NewLayer {
            folder,
            implied: unpacked.implied,
        }),
        false => Err(Error::Damaged(format!(
            "layer {} is sha256:{}, the configuration says sha256:{diff_id}",
            layer.digest, unpacked.diff_id
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_another_one_on_top_of_others() {
        let ids = |names: &[&str]| names.iter().map(|n| n.repeat(64)).collect::<Vec<_>>();
        let [one, other] = [ids(&["a", "b", "c"]), ids(&["a", "c"])].map(|ids| chain_ids(&ids));
        assert_eq!((&one[0], one.len()), (&"a".repeat(64), 3));
        assert_eq!(one[0], other[0]);
        assert_ne!(one[2], other[1]);
        assert!(one.iter().all(|name| name.len() == 64));
        // sha256sum of the text that the specification says.
        assert_eq!(
            one[1],
            "ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"
        );
    }
}
