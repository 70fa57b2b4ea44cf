//! Machines of Firecracker: the kernel as it takes it, and the file that describes the
//! machine. Nothing in it boots from the disk, so there is no firmware and no boot loader.

use std::io::Read;
use std::path::Path;

use ruzstd::decoding::StreamingDecoder;

use crate::{Error, Image};

/// The machine that the file describes.
const CPUS: u32 = 2;
const MEMORY_MIB: u32 = 1024;

/// What the guest has to be told of such a machine: it restarts by its keyboard's
/// controller, and has no PCI.
const PARAMETERS: [&str; 2] = ["reboot=k", "pci=off"];

/// Writes kernel, initramfs and machine file into a folder. Returns their names.
pub(crate) fn make(image: &Image, folder: &Path) -> Result<[String; 3], Error> {
    let stem = image.stem();
    let beside = |name: &str| image.disk.with_file_name(name);
    let names = ["vmlinux", "initramfs", "firecracker.json"].map(|e| format!("{stem}.{e}"));
    let [kernel, initramfs, machine] = &names;
    let compressed = beside("vmlinuz");
    let bytes = files::read(&compressed)?;
    let unpacked = unpack(&bytes).map_err(|reason| Error::Kernel {
        path: compressed,
        reason,
    })?;
    files::write(&folder.join(kernel), unpacked)?;
    let from = beside("initramfs.zst");
    files::write(&folder.join(initramfs), files::read(&from)?)?;
    let command_line = files::read_to_string(&beside("cmdline"))?;
    let text = description(
        command_line.trim(),
        kernel,
        initramfs,
        &format!("{stem}.img"),
    );
    files::write(&folder.join(machine), text)?;
    Ok(names)
}

/// The machine file, which Firecracker is started with (`--config-file`). Paths are
/// relative to where it is started.
fn description(command_line: &str, kernel: &str, initramfs: &str, disk: &str) -> String {
    let parameters = PARAMETERS.join(" ");
    let machine = serde_json::json!({
        "boot-source": {
            "kernel_image_path": kernel,
            "initrd_path": initramfs,
            "boot_args": format!("{command_line} {parameters}"),
        },
        "drives": [{
            "drive_id": "system",
            "path_on_host": disk,
            // The initramfs finds the root by its hash.
            "is_root_device": false,
            "is_read_only": false,
        }],
        "machine-config": {"vcpu_count": CPUS, "mem_size_mib": MEMORY_MIB},
    });
    format!("{machine:#}\n")
}

/// The kernel of a compressed kernel image: an ELF program on x86_64 (Linux/x86 Boot
/// Protocol), an `Image` on aarch64 (Booting AArch64 Linux, EFI zboot).
fn unpack(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let word = |at: usize| -> Option<usize> {
        let word = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(word)).ok()
    };
    let payload = |start: Option<usize>, length: Option<usize>| {
        let (start, length) = (start?, length?);
        bytes.get(start..start.checked_add(length)?)
    };
    if bytes.get(0x38..0x3c) == Some(b"ARM\x64") {
        return Ok(bytes.to_vec());
    }
    let packed = if bytes.get(4..8) == Some(b"zimg") {
        payload(word(8), word(12))
    } else if bytes.get(0x202..0x206) == Some(b"HdrS") {
        let sectors = bytes
            .get(0x1f1)
            .map_or(0, |n| if *n == 0 { 4 } else { usize::from(*n) });
        let offset = word(0x248).and_then(|at| at.checked_add((sectors + 1) * 512));
        payload(offset, word(0x24c))
    } else {
        return Err("it is no kernel image");
    };
    let packed = packed.ok_or("it ends too early")?;
    let kernel = zstd(packed)
        .or_else(|| gzip(packed))
        .ok_or("its compression is not known")?;
    match kernel.get(..4) == Some(b"\x7fELF") || kernel.get(0x38..0x3c) == Some(b"ARM\x64") {
        true => Ok(kernel),
        false => Err("what is compressed in it is no kernel"),
    }
}

fn zstd(packed: &[u8]) -> Option<Vec<u8>> {
    let mut kernel = Vec::new();
    StreamingDecoder::new(packed)
        .ok()?
        .read_to_end(&mut kernel)
        .ok()?;
    Some(kernel)
}

fn gzip(packed: &[u8]) -> Option<Vec<u8>> {
    let mut kernel = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut kernel)
        .ok()?;
    Some(kernel)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(kernel: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(kernel).unwrap();
        gzip.finish().unwrap()
    }

    fn bz_image(kernel: &[u8]) -> Vec<u8> {
        let payload = packed(kernel);
        let mut image = vec![0; 2 * 512 + 16];
        image[0x1f1] = 1;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x248..0x24c].copy_from_slice(&16u32.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        [image, payload].concat()
    }

    #[test]
    fn the_kernel_is_taken_out_of_its_image() {
        let elf = b"\x7fELF and more".to_vec();
        assert_eq!(unpack(&bz_image(&elf)), Ok(elf.clone()));
        let mut arm = vec![0; 64];
        arm[0x38..0x3c].copy_from_slice(b"ARM\x64");
        assert_eq!(unpack(&arm), Ok(arm.clone()));
        let payload = packed(&arm);
        let mut zboot = b"MZ\0\0zimg".to_vec();
        zboot.extend(64u32.to_le_bytes());
        zboot.extend((payload.len() as u32).to_le_bytes());
        zboot.resize(64, 0);
        assert_eq!(unpack(&[zboot, payload].concat()), Ok(arm));
    }

    #[test]
    fn what_is_no_kernel_is_refused() {
        let whole = bz_image(b"\x7fELF");
        let mut far = whole.clone();
        far[0x248..0x24c].copy_from_slice(&u32::MAX.to_le_bytes());
        for (bytes, reason) in [
            (&b""[..], "no kernel image"),
            (&[0; 4096], "no kernel image"),
            (&whole[..0x203], "no kernel image"),
            (&whole[..0x24e], "too early"),
            (&whole[..whole.len() - 1], "too early"),
            (&far, "too early"),
            (&bz_image(b"text"), "is no kernel"),
        ] {
            let error = unpack(bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn the_machine_is_described_as_firecracker_reads_it() {
        let text = description("roothash=00", "a.vmlinux", "a.initramfs", "a.img");
        let machine: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            machine["boot-source"]["boot_args"],
            "roothash=00 reboot=k pci=off"
        );
        assert_eq!(machine["drives"][0]["path_on_host"], "a.img");
    }
}
