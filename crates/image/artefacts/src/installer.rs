//! The installer: one kernel image with everything in it, which firmware loads from the
//! network or from a disc; one signature vouches for all of it.

use std::path::Path;

use disk::Archive;

use crate::{Error, Image};

/// What the installer finds in its initramfs.
const FOLDER: &str = "install";
const IMAGE: &str = "install/image.img.zst";
const NAME: &str = "install/name";
const USER_DATA: &str = "install/user-data.toml";

/// The archive of the installer begins at such a multiple behind that of the image.
const ALIGNMENT: usize = 4;

/// It tells on all consoles what it does, which the system keeps for its journal.
const LOG: &str = "loglevel=6";

/// What the installer is told beforehand.
#[derive(Debug, Clone, Default)]
pub struct Installation {
    /// Kernel arguments, by which it knows the disk.
    pub arguments: Vec<String>,
    /// User data for the node.
    pub user_data: Option<Vec<u8>>,
}

/// Writes the kernel image of the installer of a compressed disk.
pub(crate) fn kernel_image(image: &Image, compressed: &Path, to: &Path) -> Result<(), Error> {
    let beside = |name: &str| image.disk.with_file_name(name);
    let mut initramfs = files::read(&beside("initramfs.zst"))?;
    initramfs.resize(initramfs.len().next_multiple_of(ALIGNMENT), 0);
    let program = files::read(&beside("install-to-disk"))?;
    let payload = files::read(compressed)?;
    let name = image.stem();
    let archive = || {
        let mut archive = Archive::default();
        archive.program("init", &program)?;
        archive.folder(FOLDER)?;
        archive.file(NAME, format!("{name}\n").as_bytes())?;
        if let Some(text) = &image.installation.user_data {
            archive.file(USER_DATA, text)?;
        }
        archive.file(IMAGE, &payload)?;
        archive.finish()
    };
    initramfs.extend(files::at("assemble", to, archive())?);
    let command_line = files::read_to_string(&beside("cmdline"))?;
    disk::kernel_image(
        &beside("stub.efi"),
        &[
            (".osrel", os_release(image).into_bytes()),
            (
                ".cmdline",
                arguments(&command_line, &image.installation).into_bytes(),
            ),
            (".initrd", initramfs),
            (".linux", files::read(&beside("vmlinuz"))?),
        ],
        to,
    )?;
    Ok(())
}

/// The kernel is the system's, and so are its arguments, but for the root.
fn arguments(command_line: &str, installation: &Installation) -> String {
    let words = command_line.split_whitespace();
    let mut words: Vec<&str> = words.filter(|w| !w.starts_with("roothash=")).collect();
    words.push(LOG);
    words.extend(installation.arguments.iter().map(String::as_str));
    words.join(" ")
}

fn os_release(image: &Image) -> String {
    format!(
        "NAME=\"Bottlerocket OS\"\nID=bottlerocket\nVERSION_ID={version}\nVARIANT_ID={variant}\n\
         PRETTY_NAME=\"Installer of Bottlerocket OS {version} ({variant})\"\n",
        version = image.version,
        variant = image.variant
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installer_has_the_arguments_of_the_system_but_no_root() {
        let installation = Installation {
            arguments: vec!["bottlerocket.install=smallest".to_owned()],
            user_data: None,
        };
        assert_eq!(
            arguments("console=ttyS0 roothash=0123 panic=2\n", &installation),
            "console=ttyS0 panic=2 loglevel=6 bottlerocket.install=smallest"
        );
    }
}
