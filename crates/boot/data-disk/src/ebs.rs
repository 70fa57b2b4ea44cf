//! What a volume of Amazon EBS was attached as. Behind NVMe its name in the block device
//! mapping is part of what the [controller says of itself][ebs] (NVM Express Base
//! Specification, Identify Controller), which only a command to it tells.
//!
//! [ebs]: https://docs.aws.amazon.com/ebs/latest/userguide/identify-nvme-ebs-device.html

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

/// What the model says of volumes.
pub(crate) const MODEL: &str = "Amazon Elastic Block Store";

const GROUP: u8 = b'N';
const NUMBER: u8 = 0x41;
const ADMIN_COMMAND: Opcode = opcode::read_write::<Command>(GROUP, NUMBER);
const IDENTIFY: u8 = 6;
const OF_CONTROLLER: u32 = 1;
const IDENTITY: usize = 4096;
/// Where the name is in the makers' own part of the identity.
const NAME: std::ops::Range<usize> = 3072..3104;

/// `struct nvme_passthru_cmd` of `linux/nvme_ioctl.h`.
#[repr(C)]
struct Command {
    opcode: u8,
    flags: u8,
    reserved: u16,
    namespace: u32,
    words_2_3: [u32; 2],
    metadata: u64,
    address: u64,
    metadata_length: u32,
    data_length: u32,
    words_10_15: [u32; 6],
    timeout_ms: u32,
    result: u32,
}

const _: () = assert!(size_of::<Command>() == 72);

/// The name that the volume at `device` was attached as, such as `xvdb`: without `/dev/`,
/// which people write or leave out.
///
/// # Errors
///
/// If the device cannot be opened or takes no such command.
pub(crate) fn attached_as(device: &Path) -> io::Result<Option<String>> {
    identity(&File::open(device)?).map(|identity| name(&identity))
}

fn identity(device: &File) -> io::Result<[u8; IDENTITY]> {
    let mut identity = [0; IDENTITY];
    let mut command = Command {
        opcode: IDENTIFY,
        flags: 0,
        reserved: 0,
        namespace: 0,
        words_2_3: [0; 2],
        metadata: 0,
        address: identity.as_mut_ptr() as u64,
        metadata_length: 0,
        data_length: IDENTITY as u32,
        words_10_15: [OF_CONTROLLER, 0, 0, 0, 0, 0],
        timeout_ms: 0,
        result: 0,
    };
    // SAFETY: the opcode reads and writes a `struct nvme_passthru_cmd`, which is the layout
    // and the size of this type, whose every byte is initialised and may take any value.
    let update = unsafe { Updater::<ADMIN_COMMAND, Command>::new(&mut command) };
    // SAFETY: for the time of the call `update` borrows the command, and `identity`, which
    // `address` leads to, is neither moved nor read: the kernel writes `data_length` bytes
    // there. A device that has no controller of NVMe refuses the opcode.
    unsafe { ioctl(device, update) }?;
    Ok(identity)
}

fn name(identity: &[u8; IDENTITY]) -> Option<String> {
    let text = String::from_utf8_lossy(&identity[NAME]);
    let name = text.trim_end_matches([' ', '\0']);
    let name = name.strip_prefix("/dev/").unwrap_or(name);
    let is_name = |c: char| c.is_ascii_alphanumeric();
    (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_what_the_volume_was_attached_as() {
        for (text, expected) in [
            (&b"xvdb"[..], Some("xvdb")),
            (b"/dev/sdb\0\0", Some("sdb")),
            (b"xvdba                           ", Some("xvdba")),
            (b"", None),
            (b"/dev/", None),
            (b"\xff\x01", None),
            (b"../xvdb", None),
        ] {
            let mut identity = [0; IDENTITY];
            identity[NAME.end] = b'x';
            identity[NAME.start..][..text.len()].copy_from_slice(text);
            assert_eq!(name(&identity).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_such_device_refuses() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(attached_as(file.path()).is_err());
    }
}
