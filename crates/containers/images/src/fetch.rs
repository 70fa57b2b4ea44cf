//! A blob, whatever happens on the way.

use std::io;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use bytes::Bytes;
use futures_util::StreamExt;
use oci_client::client::{BlobResponse, SizedStream};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::OciDescriptor;
use tokio::sync::mpsc::Sender;

use crate::registry::Source;
use crate::{causes, hex};

/// How often in a row nothing may come.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sends the bytes of a blob, and at last an error if they are not the ones.
pub(crate) async fn fetch(source: &Source, blob: &OciDescriptor, to: Sender<io::Result<Bytes>>) {
    if let Err(error) = try_fetch(source, blob, &to).await {
        // Nobody listens if the other side has failed first.
        let _ = to.send(Err(error)).await;
    }
}

async fn try_fetch(
    source: &Source,
    blob: &OciDescriptor,
    to: &Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    // Other places than the registry are not asked: a manifest could name any.
    let blob = OciDescriptor {
        urls: None,
        ..blob.clone()
    };
    let size = u64::try_from(blob.size).unwrap_or(0);
    let mut hash = Context::new(&SHA256);
    let (mut received, mut failures) = (0, 0);
    while received < size {
        let before = received;
        let failed = match open(source, &blob, received).await {
            Ok((mut stream, mut known)) => loop {
                match stream.next().await {
                    Some(Ok(bytes)) => {
                        let skipped = known.min(bytes.len() as u64);
                        known -= skipped;
                        let bytes = bytes.slice(skipped as usize..);
                        received += bytes.len() as u64;
                        if received > size {
                            return Err(io::Error::other("it is longer than the manifest says"));
                        }
                        hash.update(&bytes);
                        if to.send(Ok(bytes)).await.is_err() {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => break error,
                    None => break io::ErrorKind::UnexpectedEof.into(),
                }
            },
            Err(error) if is_final(&error) => return Err(io::Error::other(error)),
            Err(error) => io::Error::other(error),
        };
        if received == size {
            break;
        }
        failures = if received > before { 1 } else { failures + 1 };
        if failures >= ATTEMPTS {
            return Err(failed);
        }
        tokio::time::sleep(pause(failures)).await;
    }
    let found = hex(hash.finish().as_ref());
    match blob.digest == format!("sha256:{found}") {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "its digest is sha256:{found}, the manifest says {}",
            blob.digest
        ))),
    }
}

/// A stream from a position on, and how much of it is known already: not all
/// servers have ranges.
async fn open(
    source: &Source,
    blob: &OciDescriptor,
    position: u64,
) -> Result<(SizedStream, u64), OciDistributionError> {
    let client = &source.client;
    // Without a position, too: a part is for the caller to verify, as it is here.
    match client
        .pull_blob_stream_partial(&source.image, blob, position, None)
        .await?
    {
        BlobResponse::Partial(stream) => Ok((stream, 0)),
        BlobResponse::Full(stream) => Ok((stream, position)),
    }
}

/// Whether there is no use in asking again.
pub(crate) fn is_final(error: &OciDistributionError) -> bool {
    use OciDistributionError as E;
    match error {
        E::RequestError(error) => causes::is_of_tls(error),
        E::ServerError { code, .. } => matches!(code, 400..=407 | 409..=417),
        _ => true,
    }
}

/// Twice as long each time, and not all nodes at once.
pub(crate) fn pause(failures: u32) -> Duration {
    let whole = FIRST_PAUSE * 2_u32.saturating_pow(failures.saturating_sub(1));
    let mut byte = [0];
    // Without it, it is only less random.
    let _ = SystemRandom::new().fill(&mut byte);
    whole
        .min(LONGEST_PAUSE)
        .mul_f64(0.5 + f64::from(byte[0]) / 512.0)
}
