//! From an archive into the store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use oci_client::Reference;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest};
use serde::de::DeserializeOwned;

use crate::layer::{Found, NewLayer, Plan};
use crate::store::{Image, Store};
use crate::{Error, hex};

/// Larger is no manifest and no configuration.
const MAX_DOCUMENT_BYTES: u64 = 4 << 20;
/// Annotation of the name by which an image is known.
const NAME: &str = "org.opencontainers.image.ref.name";

/// Takes an image from an archive: an image layout (OCI Image Format, version 1.1) in a
/// tar archive, as `skopeo copy … oci-archive:FILE` makes one. Nothing is done if it is
/// there by that name.
///
/// # Errors
///
/// If the archive has no image of that name, or it is damaged, or there is no room.
pub fn load(store: &Store, name: &Reference, archive: &Path) -> Result<Image, Error> {
    let _lock = store.lock()?;
    let layout = Layout::open(archive)?;
    let (index, _): (ImageIndex, _) = layout.document("index.json")?;
    let manifest = choose(&index, name)?;
    let digest = manifest.digest().to_string();
    if let Some(image) = store.image(name)?.filter(|image| image.digest == digest) {
        return Ok(image);
    }
    let manifest: ImageManifest = layout.verified(manifest)?;
    let config: ImageConfiguration = layout.verified(manifest.config())?;
    let layers = manifest.layers();
    let plan = Plan::of(&config, layers.len())?;
    let mut new = Vec::new();
    for at in plan.missing(store) {
        let (blob, folder) = (layers[at].digest().to_string(), store.begin_layer()?);
        let packed = layout.open_entry(&blob_path(&blob))?;
        let diff_id = &plan.diff_ids[at];
        new.push((at, NewLayer::unpack(folder, packed, &blob, diff_id)?));
    }
    let found = Found {
        name: name.whole(),
        digest,
        signed_by: None,
        config,
    };
    plan.keep(store, found, new)
}

/// The image that is meant: the one of that name or tag, or the only one, if it has no
/// name.
fn choose<'a>(index: &'a ImageIndex, name: &Reference) -> Result<&'a Descriptor, Error> {
    let named = |manifest: &'a Descriptor| {
        let annotations = manifest.annotations().as_ref();
        annotations.and_then(|annotations| annotations.get(NAME))
    };
    let manifests = index.manifests();
    let wanted = [Some(name.whole()), name.tag().map(str::to_owned)];
    let found = manifests
        .iter()
        .find(|manifest| named(manifest).is_some_and(|n| wanted.contains(&Some(n.clone()))));
    if let Some(found) = found {
        return Ok(found);
    }
    match &manifests[..] {
        [only] if named(only).is_none() => Ok(only),
        _ => {
            let names: Vec<&str> = manifests.iter().filter_map(named).map(|n| &**n).collect();
            Err(Error::Damaged(format!(
                "the archive has no {name}; hint: it has {}",
                names.join(", ")
            )))
        }
    }
}

fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

/// An archive, by where its entries are.
struct Layout {
    path: PathBuf,
    entries: BTreeMap<String, (u64, u64)>,
}

impl Layout {
    fn open(path: &Path) -> Result<Self, Error> {
        let entries = || -> io::Result<_> {
            let mut archive = tar::Archive::new(File::open(path)?);
            let mut entries = BTreeMap::new();
            for entry in archive.entries_with_seek()? {
                let entry = entry?;
                let name = entry.path()?.to_string_lossy().into_owned();
                let place = (entry.raw_file_position(), entry.size());
                entries.insert(name.trim_start_matches("./").to_owned(), place);
            }
            Ok(entries)
        };
        Ok(Self {
            path: path.to_owned(),
            entries: files::at("read", path, entries())?,
        })
    }

    fn open_entry(&self, name: &str) -> Result<io::Take<File>, Error> {
        let Some((position, size)) = self.entries.get(name) else {
            return Err(Error::Damaged(format!("the archive has no {name}")));
        };
        let opened = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(*position))?;
            Ok(file.take(*size))
        });
        Ok(files::at("read", &self.path, opened)?)
    }

    /// A document, with its digest.
    fn document<T: DeserializeOwned>(&self, name: &str) -> Result<(T, String), Error> {
        let mut bytes = Vec::new();
        let entry = self.open_entry(name)?;
        let read = entry.take(MAX_DOCUMENT_BYTES).read_to_end(&mut bytes);
        files::at("read", &self.path, read)?;
        let document = serde_json::from_slice(&bytes);
        let document = document.map_err(|error| Error::Damaged(format!("{name}: {error}")))?;
        let digest = hex(digest(&SHA256, &bytes).as_ref());
        Ok((document, format!("sha256:{digest}")))
    }

    /// A document that has the digest of its descriptor.
    fn verified<T: DeserializeOwned>(&self, descriptor: &Descriptor) -> Result<T, Error> {
        let wanted = descriptor.digest().to_string();
        let (document, digest) = self.document(&blob_path(&wanted))?;
        match digest == wanted {
            true => Ok(document),
            false => Err(Error::Damaged(format!("{wanted} has the digest {digest}"))),
        }
    }
}
