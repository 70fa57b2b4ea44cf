//! The initramfs: init, the modules it loads, and the list of their order.

use crate::{Compression, Error, Inputs};
use cpio::newc;
use std::io::{self, Write};
use std::path::Path;

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const FILE: u32 = 0o100_644;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// Mount points that init needs before it has anything else.
const FOLDERS: [&str; 5] = ["dev", "modules", "proc", "sys", "sysroot"];

/// Writes the initramfs, compressed, to `output`.
pub(crate) fn make(inputs: &Inputs<'_>, output: &Path) -> Result<(), Error> {
    let init = files::read(inputs.init)?;
    let mut contents = Vec::new();
    for module in inputs.modules {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        contents.push((name.into_owned(), files::read(module)?));
    }
    contents.push(("order".to_owned(), lines(inputs.module_order)));
    contents.push(("aliases".to_owned(), lines(inputs.module_aliases)));
    let plain = output.with_extension("cpio");
    let archive = files::at("assemble", &plain, archive(&init, &contents))?;
    files::write(&plain, archive)?;
    let level = match inputs.compression {
        Compression::None => "-3",
        Compression::Zstd => "-19",
    };
    let mut zstd = inputs.tools.command("zstd")?;
    zstd.args([level, "--quiet", "--force", "-o"])
        .arg(output)
        .arg(&plain);
    process::output(&mut zstd)?;
    files::at("remove", &plain, std::fs::remove_file(&plain))?;
    Ok(())
}

fn lines(list: &[String]) -> Vec<u8> {
    list.iter()
        .flat_map(|line| format!("{line}\n").into_bytes())
        .collect()
}

fn archive(init: &[u8], modules: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut archive = Archive::default();
    for folder in FOLDERS {
        archive.folder(folder)?;
    }
    // The kernel opens the console before devtmpfs can be mounted.
    archive.add("dev/console", CHARACTER_DEVICE, (5, 1), &[])?;
    archive.program("init", init)?;
    for (name, content) in modules {
        archive.file(&format!("modules/{name}"), content)?;
    }
    archive.finish()
}

/// An archive (cpio, `newc`) that the kernel makes its first file system of. What is in a
/// later one replaces what is in those before.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    /// Adds a folder.
    ///
    /// # Errors
    ///
    /// For all of them: if the archive would be too large for its format.
    pub fn folder(&mut self, name: &str) -> io::Result<()> {
        self.add(name, FOLDER, (0, 0), &[])
    }

    /// Adds a program.
    ///
    /// # Errors
    ///
    /// See [`Archive::folder`].
    pub fn program(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.add(name, PROGRAM, (0, 0), content)
    }

    /// Adds a file.
    ///
    /// # Errors
    ///
    /// See [`Archive::folder`].
    pub fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.add(name, FILE, (0, 0), content)
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// See [`Archive::folder`].
    pub fn finish(self) -> io::Result<Vec<u8>> {
        newc::trailer(self.bytes)
    }

    fn add(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) -> io::Result<()> {
        self.entries += 1;
        let size = u32::try_from(content.len()).map_err(io::Error::other)?;
        let mut entry = newc::Builder::new(name)
            .ino(self.entries)
            .mode(mode)
            .nlink(1)
            .rdev_major(device.0)
            .rdev_minor(device.1)
            .write(&mut self.bytes, size);
        entry.write_all(content)?;
        entry.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_holds_init_and_the_modules_with_their_order() {
        let modules = [
            ("a.ko".to_owned(), vec![2, 3]),
            ("order".to_owned(), lines(&["b.ko".into(), "a.ko".into()])),
        ];
        let bytes = archive(b"program", &modules).unwrap();
        let mut names = Vec::new();
        let mut rest = &bytes[..];
        loop {
            let mut entry = newc::Reader::new(rest).unwrap();
            if entry.entry().is_trailer() {
                break;
            }
            let name = entry.entry().name().to_owned();
            let mut content = Vec::new();
            io::Read::read_to_end(&mut entry, &mut content).unwrap();
            if name == "modules/order" {
                assert_eq!(content, b"b.ko\na.ko\n");
            }
            names.push((name, entry.entry().mode()));
            rest = entry.finish().unwrap();
        }
        assert!(names.contains(&("init".into(), PROGRAM)));
        assert!(names.contains(&("dev/console".into(), CHARACTER_DEVICE)));
        assert_eq!(bytes, archive(b"program", &modules).unwrap());
    }
}
