//! Creating the verified device through the device mapper.

use crate::raw::DmRequest;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

const CONTROL: &str = "/dev/mapper/control";

/// `DM_READONLY_FLAG`.
const READ_ONLY: u32 = 1;

/// Why a device could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The device mapper itself is missing.
    #[error("{0}; hint: the module dm-mod belongs into the initramfs")]
    Control(files::Error),
    /// A text is too long for the kernel's structure.
    #[error("the {what} of the verified device is too long: `{text}`")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// The kernel refused a step.
    #[error(
        "the kernel refused to {step} the verified device: {source}; \
         hint: its log says more, and the module dm-verity belongs into the initramfs"
    )]
    Step {
        /// The step.
        step: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
}

/// Creates a read-only device with one verity target and returns its node.
/// `sectors` counts 512 bytes each.
pub fn create_verity(name: &str, uuid: &str, sectors: u64, table: &str) -> Result<PathBuf, Error> {
    let path = Path::new(CONTROL);
    let control = File::options().read(true).write(true).open(path);
    let control = files::at("open", path, control).map_err(Error::Control)?;
    let step = |step| move |source| Error::Step { step, source };

    let mut request = named(name)?;
    request.header.uuid = text("identity", uuid)?;
    request.create(&control).map_err(step("create"))?;

    // From here on it is known by its name; the kernel refuses both at once.
    let mut request = named(name)?;
    request.header.flags = READ_ONLY;
    request.header.target_count = 1;
    request.length = sectors;
    request.target_type = text("type", "verity")?;
    request.parameters = text("table", table)?;
    request.load_table(&control).map_err(step("configure"))?;

    let mut request = named(name)?;
    request.resume(&control).map_err(step("start"))?;
    let minor = minor(request.header.dev);
    Ok(PathBuf::from(format!("/dev/dm-{minor}")))
}

fn named(name: &str) -> Result<DmRequest, Error> {
    let mut request = DmRequest::new();
    request.header.name = text("name", name)?;
    Ok(request)
}

/// A text as a field of the kernel's structure, ended by a zero.
fn text<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], Error> {
    let mut field = [0; N];
    match field.get_mut(..text.len()) {
        Some(start) if text.len() < N => start.copy_from_slice(text.as_bytes()),
        _ => {
            return Err(Error::TooLong {
                what,
                text: text.to_owned(),
            });
        }
    }
    Ok(field)
}

/// The minor number in the kernel's encoding of a device (`huge_encode_dev`).
fn minor(dev: u64) -> u64 {
    (dev & 0xff) | ((dev >> 12) & 0xf_ff00)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_numbers_are_found_around_the_major_number() {
        for (dev, expected) in [(0xfe00, 0), (0xfe07, 7), (0x0010_fe07, 0x107)] {
            assert_eq!(minor(dev), expected, "{dev:#x}");
        }
    }

    #[test]
    fn texts_keep_room_for_the_final_zero() {
        assert_eq!(text::<4>("name", "abc").unwrap(), *b"abc\0");
        assert!(text::<4>("name", "abcd").is_err());
    }
}
