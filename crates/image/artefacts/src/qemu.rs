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
    let place = start[..read]
        .windows(5)
        .position(|window| window == b"\nCID=")
        .ok_or_else(|| Error::Vmdk(path.to_owned()))?;
    let [a, b, c, d, ..] = image.derived("VMDK");
    // All ones stand for a disk that depends on none.
    let id = u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff;
    let written = file.write_all_at(format!("{id:08x}").as_bytes(), place as u64 + 5);
    files::at("write", path, written)?;
    Ok(())
}
