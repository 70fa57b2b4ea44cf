//! Makes of a raw disk image what platforms take.
//!
//! The same image gives the same bytes: what formats carry of random numbers and times is
//! derived from the image.

mod firecracker;
mod installer;
mod iso;
mod ova;
mod qemu;
mod sums;
mod vhd;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tools::Tools;

pub use installer::Installation;

/// Why an artefact could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A tool reported an error.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// A tool is missing.
    #[error(transparent)]
    Tools(#[from] tools::Error),
    /// The installer's kernel image could not be put together.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// qemu-img wrote a VMDK that we do not know.
    #[error("{} has no descriptor with a CID", .0.display())]
    Vmdk(PathBuf),
    /// There is no kernel to be had of a kernel image.
    #[error("{}: {reason}", path.display())]
    Kernel {
        /// The kernel image.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The disk has to have room for what the image brings.
    #[error(
        "a disk of {wanted} bytes holds no image of {image}\n\
         hint: `machine-gib` in the variant's [disk] table says how large disks of virtual machines are"
    )]
    TooSmall {
        /// How large the disk should be.
        wanted: u64,
        /// How large the image is.
        image: u64,
    },
}

/// The software bill of materials, beside the disk where there is one.
const BILL: &str = "sbom.spdx.json";

/// The folder of what is being made.
const UNFINISHED: &str = ".unfinished";

/// What an artefact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The raw disk, compressed (zstd): what is written to disks of machines.
    Raw,
    /// A disk of QEMU and what builds on it.
    Qcow2,
    /// A disk of VMware, in the form in which it is transported.
    Vmdk,
    /// A virtual machine (OVF 1.1), with that disk.
    Ova,
    /// A disk of fixed size, as Amazon and Azure import it.
    Vhd,
    /// A machine of Firecracker: its file, with kernel and initramfs beside it. The disk
    /// is the raw one, unpacked.
    Firecracker,
    /// A kernel image that writes the disk to one of the machine it is started on, over
    /// the network for instance.
    Installer,
    /// A disc, or stick, with that.
    Iso,
}

impl Format {
    /// All that there are.
    pub const ALL: [Format; 8] = [
        Format::Raw,
        Format::Qcow2,
        Format::Vmdk,
        Format::Ova,
        Format::Vhd,
        Format::Firecracker,
        Format::Installer,
        Format::Iso,
    ];

    /// How its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Raw => "img.zst",
            Format::Qcow2 => "qcow2",
            Format::Vmdk => "vmdk",
            Format::Ova => "ova",
            Format::Vhd => "vhd",
            Format::Firecracker => "firecracker.json",
            Format::Installer => "installer.efi",
            Format::Iso => "iso",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Raw => "raw",
            Format::Qcow2 => "qcow2",
            Format::Vmdk => "vmdk",
            Format::Ova => "ova",
            Format::Vhd => "vhd",
            Format::Firecracker => "firecracker",
            Format::Installer => "installer",
            Format::Iso => "iso",
        })
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Format::ALL.into_iter().find(|f| f.to_string() == text);
        named.ok_or_else(|| {
            let names = Format::ALL.map(|f| f.to_string()).join(", ");
            format!("one of {names}")
        })
    }
}

/// An image, and what its artefacts say of it.
#[derive(Debug, Clone)]
pub struct Image {
    /// The raw disk.
    pub disk: PathBuf,
    /// Variant, such as `vmware-k8s`.
    pub variant: String,
    /// Architecture, such as `x86_64`.
    pub architecture: String,
    /// Version of the operating system.
    pub version: String,
    /// The root hash, 64 hexadecimal digits: what random numbers are derived from.
    pub root_hash: String,
    /// The time of every file, in seconds since 1970.
    pub epoch: u64,
    /// Size of the disks of virtual machines in bytes: room for what the first boot makes.
    pub machine_disk: u64,
    /// Size of an empty second disk of theirs, in bytes.
    pub data_disk: Option<u64>,
    /// What the installer is told.
    pub installation: Installation,
}

impl Image {
    /// `bottlerocket-VARIANT-ARCHITECTURE-VERSION`: what all artefacts are called.
    pub fn stem(&self) -> String {
        let Self {
            variant,
            architecture,
            version,
            ..
        } = self;
        format!("bottlerocket-{variant}-{architecture}-{version}")
    }

    /// The name of an artefact.
    fn name(&self, format: Format) -> String {
        format!("{}.{}", self.stem(), format.ending())
    }

    /// A number that depends on the image and the purpose alone.
    fn derived(&self, purpose: &str) -> [u8; 32] {
        sums::sha256(format!("{} {} {purpose}", self.stem(), self.root_hash).as_bytes())
    }
}

/// Makes artefacts in `output`, with a `SHA256SUMS` of all that lie there, and returns
/// them. `progress` is told of each step.
pub fn make(
    image: &Image,
    formats: &[Format],
    output: &Path,
    tools: &Tools,
    mut progress: impl FnMut(&str),
) -> Result<Vec<PathBuf>, Error> {
    files::create_dir_all(output)?;
    let mut work = Work {
        image,
        output,
        unfinished: output.join(UNFINISHED),
        tools,
        made: Vec::new(),
    };
    let mut formats = formats.to_vec();
    formats.sort_unstable();
    formats.dedup();
    for format in formats {
        progress(&format.to_string());
        work.make(format)?;
    }
    let mut made = work.made;
    let bill = image.disk.with_file_name(BILL);
    if bill.exists() {
        let copy = output.join(format!("{}.spdx.json", image.stem()));
        files::at("copy", &bill, std::fs::copy(&bill, &copy))?;
        made.push(copy);
    }
    progress("digests");
    made.push(sums::write(output)?);
    Ok(made)
}

/// What is being made, and what is there already.
struct Work<'a> {
    image: &'a Image,
    output: &'a Path,
    unfinished: PathBuf,
    tools: &'a Tools,
    made: Vec<PathBuf>,
}

impl Work<'_> {
    /// Makes an artefact. What breaks off leaves no file that looks whole.
    fn make(&mut self, format: Format) -> Result<(), Error> {
        files::create_dir_all(&self.unfinished)?;
        for name in self.write(format)? {
            let (from, to) = (self.unfinished.join(&name), self.output.join(&name));
            files::at("rename", &from, std::fs::rename(&from, &to))?;
            self.made.push(to);
        }
        let folder = &self.unfinished;
        Ok(files::at(
            "remove",
            folder,
            std::fs::remove_dir_all(folder),
        )?)
    }

    /// Writes an artefact's files to the folder of what is being made, and returns their
    /// names, which some files hold themselves.
    fn write(&self, format: Format) -> Result<Vec<String>, Error> {
        let (image, tools) = (self.image, self.tools);
        let name = image.name(format);
        let to = self.unfinished.join(&name);
        match format {
            Format::Raw => compress(&image.disk, &to, tools)?,
            Format::Qcow2 => qemu::qcow2(image, &to, tools)?,
            Format::Vmdk => qemu::vmdk(image, &to, tools)?,
            Format::Ova => ova::make(image, &to, tools)?,
            Format::Vhd => vhd::make(image, &to)?,
            Format::Firecracker => return Ok(firecracker::make(image, &self.unfinished)?.into()),
            Format::Installer => installer::kernel_image(image, &self.part(Format::Raw)?, &to)?,
            Format::Iso => iso::make(image, &self.part(Format::Installer)?, &to, tools)?,
        }
        Ok(vec![name])
    }

    /// An artefact that is a part of another one.
    fn part(&self, format: Format) -> Result<PathBuf, Error> {
        let name = self.image.name(format);
        let made = self.output.join(&name);
        if self.made.contains(&made) {
            return Ok(made);
        }
        self.write(format)?;
        Ok(self.unfinished.join(&name))
    }
}

/// Compresses a file (RFC 8878). How many processors do it changes no byte.
fn compress(from: &Path, to: &Path, tools: &Tools) -> Result<(), Error> {
    let mut zstd = tools.command("zstd")?;
    zstd.args(["-q", "-f", "-T0", "-12", "--long=27", "-o"])
        .arg(to)
        .arg(from);
    process::output(&mut zstd)?;
    Ok(())
}

/// A copy of the disk that takes no space for what is not written in it, and has a
/// size of its own.
fn sparse_copy(from: &Path, to: &Path, size: u64) -> Result<(), Error> {
    let source = files::at("open", from, File::open(from))?;
    let length = files::at("examine", from, source.metadata())?.len();
    if size < length {
        return Err(Error::TooSmall {
            wanted: size,
            image: length,
        });
    }
    let copy = files::at("create", to, File::create(to))?;
    files::at("enlarge", to, copy.set_len(size))?;
    files::at("copy", from, disk::copy_sparse(source, &copy, 0))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn image(disk: &Path) -> Image {
        Image {
            disk: disk.to_owned(),
            variant: "vmware-dev".to_owned(),
            architecture: "x86_64".to_owned(),
            version: "1.2.3".to_owned(),
            root_hash: "0123".repeat(16),
            epoch: 1_767_225_600,
            machine_disk: 24 << 30,
            data_disk: None,
            installation: Installation::default(),
        }
    }

    #[test]
    fn formats_are_told_by_name() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        let error = "img".parse::<Format>().unwrap_err();
        assert_eq!(
            error,
            "one of raw, qcow2, vmdk, ova, vhd, firecracker, installer, iso"
        );
    }

    #[test]
    fn a_disk_has_room_for_its_image() {
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk.img");
        std::fs::write(&disk, vec![1; 4096]).unwrap();
        let copy = folder.path().join("copy");
        let error = sparse_copy(&disk, &copy, 4095).unwrap_err().to_string();
        assert!(error.contains("hint: `machine-gib`"), "{error}");
        sparse_copy(&disk, &copy, 8192).unwrap();
        let bytes = std::fs::read(&copy).unwrap();
        assert_eq!((bytes.len(), bytes[4095], bytes[4096]), (8192, 1, 0));
    }
}
