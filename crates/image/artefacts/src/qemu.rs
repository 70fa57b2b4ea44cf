//! Formats that qemu-img writes.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tools::Tools;

use crate::{Error, Image, sparse_copy};

/// Where the descriptor lies in a VMDK that carries its own: in the first clusters.
const DESCRIPTOR: usize = 64 << 10;

/// A qcow2 image with compressed clusters.
pub(crate) fn qcow2(image: &Image, to: &Path, tools: &Tools) -> Result<(), Error> {
    let options = ["-c", "-o", "compression_type=zstd,lazy_refcounts=off"];
    convert(&image.disk, "qcow2", &options, to, tools)?;
    let mut resize = tools.command("qemu-img")?;
    resize.args(["resize", "-q", "-f", "qcow2"]).arg(to);
    process::output(resize.arg(image.machine_disk.to_string()))?;
    Ok(())
}

/// A VMDK as it is transported (`streamOptimized`).
pub(crate) fn vmdk(image: &Image, to: &Path, tools: &Tools) -> Result<(), Error> {
    // Such a disk cannot be made larger afterwards.
    let raw = to.with_extension("raw");
    sparse_copy(&image.disk, &raw, image.machine_disk)?;
    let options = [
        "-o",
        "subformat=streamOptimized,adapter_type=lsilogic,compat6",
    ];
    let converted = convert(&raw, "vmdk", &options, to, tools);
    files::at("remove", &raw, std::fs::remove_file(&raw))?;
    converted?;
    set_content_id(image, to)
}

fn convert(
    from: &Path,
    format: &str,
    options: &[&str],
    to: &Path,
    tools: &Tools,
) -> Result<(), Error> {
    let mut convert = tools.command("qemu-img")?;
    convert.args(["convert", "-q", "-f", "raw", "-O", format]);
    process::output(convert.args(options).arg(from).arg(to))?;
    Ok(())
}

/// Disks that depend on others tell them by their CID, which qemu-img draws at random.
fn set_content_id(image: &Image, path: &Path) -> Result<(), Error> {
    let file = OpenOptions::new().read(true).write(true).open(path);
    let file = files::at("open", path, file)?;
    let mut start = vec![0; DESCRIPTOR];
    let read = files::at("read", path, file.read_at(&mut start, 0))?;
    let [a, b, c, d, ..] = image.derived("VMDK");
    // All ones stand for a disk that depends on none.
    let id = u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff;
    let (place, bytes) =
        with_content_id(&start[..read], id).ok_or_else(|| Error::Vmdk(path.to_owned()))?;
    Ok(files::at("write", path, file.write_all_at(&bytes, place))?)
}

/// The rest of a descriptor, from its CID on, with another one; and its place. What is
/// drawn may have fewer digits, so what follows moves: zeroes follow the text.
fn with_content_id(start: &[u8], id: u32) -> Option<(u64, Vec<u8>)> {
    const NAME: &[u8] = b"\nCID=";
    let place = start.windows(NAME.len()).position(|w| w == NAME)? + NAME.len();
    let rest = &start[place..];
    let line = rest.iter().position(|byte| *byte == b'\n')?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let mut bytes = format!("{id:08x}").into_bytes();
    bytes.extend(rest.get(line..end)?);
    let has_room = rest.get(end..bytes.len().max(end))?.iter().all(|b| *b == 0);
    has_room.then_some((place as u64, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_id_of_any_length_is_replaced() {
        for drawn in ["deadbeef", "beef", "0"] {
            let text = format!("KDMV\0\0# Disk DescriptorFile\nCID={drawn}\nparentCID=ffffffff\n");
            let mut start = text.into_bytes();
            start.resize(200, 0);
            let (place, bytes) = with_content_id(&start, 0x1234).unwrap();
            start[place as usize..][..bytes.len()].copy_from_slice(&bytes);
            let expected = b"# Disk DescriptorFile\nCID=00001234\nparentCID=ffffffff\n\0";
            assert_eq!(start[6..][..expected.len()], expected[..], "{drawn}");
        }
    }

    #[test]
    fn what_is_no_descriptor_is_refused() {
        for text in [
            "",
            "\nCID=",
            "\nCID=1\n",
            "\nCID=1\n\0next",
            "CID=1\n\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(with_content_id(text.as_bytes(), 1), None, "{text}");
        }
    }
}
