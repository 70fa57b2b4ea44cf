//! From layers to an image in the store, wherever they come from.

use std::io::Read;
use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use layers::Limits;
use oci_spec::image::ImageConfiguration;
use tempfile::TempDir;

use crate::store::{Image, Store};
use crate::{Error, hex};

/// overlayfs stacks no more.
const MAX_LAYERS: usize = 500;

/// A layer that is on its way into the store.
pub(crate) struct NewLayer {
    folder: TempDir,
    digest: String,
    implied: Vec<PathBuf>,
}

impl NewLayer {
    /// Unpacks a layer to its end, where it shows whether all was right.
    pub(crate) fn unpack(
        folder: TempDir,
        packed: impl Read,
        digest: &str,
        diff_id: &str,
    ) -> Result<Self, Error> {
        let digest = digest.to_owned();
        match layers::unpack(packed, folder.path(), Limits::default()) {
            Err(source) => Err(Error::Layer { digest, source }),
            Ok(unpacked) if unpacked.diff_id == diff_id => Ok(Self {
                folder,
                digest,
                implied: unpacked.implied,
            }),
            Ok(unpacked) => Err(Error::Damaged(format!(
                "layer {digest} is sha256:{}, the configuration says sha256:{diff_id}",
                unpacked.diff_id
            ))),
        }
    }
}

/// An image, apart from its layers.
pub(crate) struct Found {
    pub name: String,
    pub digest: String,
    pub signed_by: Option<String>,
    pub config: ImageConfiguration,
}

/// The layers of an image by what they are.
pub(crate) struct Plan {
    /// The identity of each, in hexadecimal.
    pub diff_ids: Vec<String>,
    /// The identity of each on top of those below it.
    names: Vec<String>,
}

impl Plan {
    /// What the configuration of an image says of as many layers as its manifest has.
    pub(crate) fn of(config: &ImageConfiguration, layers: usize) -> Result<Self, Error> {
        let diff_ids = diff_ids(config, layers)?;
        let names = chain_ids(&diff_ids);
        Ok(Self { diff_ids, names })
    }

    /// The positions of those that are not in the store.
    pub(crate) fn missing<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = usize> + 'a {
        (0..self.names.len()).filter(|at| !store.has_layer(&self.names[*at]))
    }

    /// Keeps the image, whose new layers are given with their positions.
    pub(crate) fn keep(
        self,
        store: &Store,
        found: Found,
        mut new: Vec<(usize, NewLayer)>,
    ) -> Result<Image, Error> {
        new.sort_by_key(|(at, _)| *at);
        let mut folders: Vec<PathBuf> = self.names.iter().map(|name| store.layer(name)).collect();
        for (at, layer) in &new {
            folders[*at] = layer.folder.path().to_owned();
            let adopted = layers::adopt(&folders[*at], &layer.implied, &folders[..*at]);
            adopted.map_err(|source| Error::Layer {
                digest: layer.digest.clone(),
                source,
            })?;
        }
        let new = new
            .into_iter()
            .map(|(at, layer)| (self.names[at].clone(), layer.folder))
            .collect();
        let Found {
            name,
            digest,
            signed_by,
            config,
        } = found;
        let image = Image {
            name,
            digest,
            signed_by,
            config,
            layers: self.names,
        };
        store.keep(&image, new)?;
        Ok(image)
    }
}

/// The identities of the layers, in hexadecimal.
fn diff_ids(config: &ImageConfiguration, layers: usize) -> Result<Vec<String>, Error> {
    let ids = config.rootfs().diff_ids();
    let damaged = |what: String| Err(Error::Damaged(what));
    if ids.len() != layers {
        return damaged(format!(
            "it has {layers} layers and {} identities for them",
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
