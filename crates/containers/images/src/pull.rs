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
use crate::layer::{Found, NewLayer, Plan};
use crate::registry::{Registries, Source};
use crate::signature::{self, Key};
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
    let keys = registries.keys(name)?;
    let mut attempts = Vec::new();
    for source in registries.sources(name)? {
        let place = source.name.clone();
        match pull_from(store, name, source, &keys).await {
            Ok(image) => return Ok(image),
            // Another source cannot help here.
            Err(error @ (Error::File(_) | Error::Signature { .. })) => return Err(error),
            Err(error) => attempts.push(format!("{place}: {error}")),
        }
    }
    Err(Error::Pull {
        image: name.whole(),
        attempts,
    })
}

async fn pull_from(
    store: &Store,
    name: &Reference,
    mut source: Source,
    keys: &[Key],
) -> Result<Image, Error> {
    #[cfg(feature = "ecr")]
    crate::ecr::authorize(&mut source).await?;
    let mut signed_by = None;
    if !keys.is_empty() {
        // What its name stands for now is what has to be signed, and what is fetched.
        let digest = digest_of(&source).await?;
        signed_by = Some(signature::verify(&source, &digest, keys).await?);
        let signed = source.image.clone_with_digest(digest);
        source = source.of(signed);
    }
    let source = &source;
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
    let found = Found {
        name: name.whole(),
        digest,
        signed_by,
        config,
    };
    plan.keep(store, found, new)
}

/// Asks until there is an answer, or there is no use in asking.
async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, OciDistributionError>>,
{
    let mut failures = 0;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
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

/// The manifest of an image for this machine, and its digest.
pub(crate) async fn manifest(source: &Source) -> Result<(OciImageManifest, String), Error> {
    let Source {
        client,
        image,
        auth,
        ..
    } = source;
    patiently(|| client.pull_image_manifest(image, auth)).await
}

/// What the name of an image stands for: a manifest, or an index of such.
async fn digest_of(source: &Source) -> Result<String, Error> {
    let Source {
        client,
        image,
        auth,
        ..
    } = source;
    patiently(|| client.fetch_manifest_digest(image, auth)).await
}

async fn config(source: &Source, descriptor: &OciDescriptor) -> Result<ImageConfiguration, Error> {
    let bytes = blob(source, descriptor, MAX_CONFIG_BYTES).await?;
    let config = ImageConfiguration::from_reader(&bytes[..]);
    config.map_err(|e| Error::Damaged(format!("its configuration: {e}")))
}

/// A blob that is small.
pub(crate) async fn blob(
    source: &Source,
    descriptor: &OciDescriptor,
    limit: i64,
) -> Result<Vec<u8>, Error> {
    if descriptor.size > limit {
        return Err(Error::Damaged(format!(
            "{} is too large",
            descriptor.digest
        )));
    }
    let (sender, mut receiver) = mpsc::channel::<std::io::Result<bytes::Bytes>>(PIECES_AHEAD);
    let collect = async {
        let mut bytes = Vec::new();
        while let Some(piece) = receiver.recv().await {
            bytes.extend_from_slice(&piece.map_err(OciDistributionError::IoError)?);
        }
        Ok::<_, Error>(bytes)
    };
    let ((), bytes) = tokio::join!(fetch(source, descriptor, sender), collect);
    bytes
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
