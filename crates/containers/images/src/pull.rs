//! From a registry into the store.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use oci_client::Reference;
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{OciDescriptor, OciImageManifest};
use oci_spec::image::ImageConfiguration;
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::Error;
use crate::fetch::{fetch, is_final, pause};
use crate::layer::{NewLayer, Plan};
use crate::registry::{Registries, Source};
use crate::store::{Image, Store};

/// Layers that are on their way at a time.
const AT_A_TIME: usize = 3;
/// Pieces of a layer that may wait to be unpacked.
const PIECES_AHEAD: usize = 16;
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
    let plan = Plan::of(&config, manifest.layers.len())?;
    let fetched = stream::iter(plan.missing(store))
        .map(|at| {
            let (layer, diff_id) = (&manifest.layers[at], &plan.diff_ids[at]);
            async move { Ok::<_, Error>((at, unpack(store, source, layer, diff_id).await?)) }
        })
        .buffer_unordered(AT_A_TIME);
    let new = fetched.try_collect::<Vec<_>>().await?;
    plan.keep(store, name.whole(), digest, config, new)
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

/// Unpacks a layer as it comes in.
async fn unpack(
    store: &Store,
    source: &Source,
    layer: &OciDescriptor,
    diff_id: &str,
) -> Result<NewLayer, Error> {
    let folder = store.begin_layer()?;
    let (sender, mut receiver) = mpsc::channel(PIECES_AHEAD);
    let pieces = stream::poll_fn(move |context| receiver.poll_recv(context));
    let reader = SyncIoBridge::new(StreamReader::new(pieces));
    let (digest, diff_id) = (layer.digest.clone(), diff_id.to_owned());
    let work =
        tokio::task::spawn_blocking(move || NewLayer::unpack(folder, reader, &digest, &diff_id));
    let ((), done) = tokio::join!(fetch(source, layer, sender), work);
    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
