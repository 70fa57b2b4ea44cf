//! What layers become, and what evil ones do not.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use layers::{Error, Limits, Unpacked, unpack};
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

/// A folder for a layer, beside something that no layer may touch.
struct Shelf(tempfile::TempDir);

impl Shelf {
    fn new() -> Self {
        let shelf = Self(tempfile::tempdir().unwrap());
        fs::create_dir(shelf.layer()).unwrap();
        fs::create_dir(shelf.outside()).unwrap();
        fs::write(shelf.outside().join("secret"), "secret").unwrap();
        shelf
    }

    fn layer(&self) -> PathBuf {
        self.0.path().join("layer")
    }

    fn outside(&self) -> PathBuf {
        self.0.path().join("outside")
    }

    fn unpack(&self, archive: &[u8]) -> Result<Unpacked, Error> {
        unpack(archive, &self.layer(), Limits::default())
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.layer().join(path)).unwrap()
    }

    fn untouched(&self) {
        let entries: Vec<_> = fs::read_dir(self.outside()).unwrap().collect();
        assert_eq!(entries.len(), 1);
        let secret = self.outside().join("secret");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
        assert_eq!(fs::metadata(&secret).unwrap().nlink(), 1);
        let beside: Vec<_> = fs::read_dir(self.0.path()).unwrap().collect();
        assert_eq!(beside.len(), 2, "{beside:?}");
    }
}

/// An archive, entry by entry; also such as no honest program writes.
struct Archive(Builder<Vec<u8>>);

impl Default for Archive {
    fn default() -> Self {
        Self(Builder::new(Vec::new()))
    }
}

impl Archive {
    fn entry(mut self, kind: EntryType, path: &str, link: &str, content: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_uid(current_uid());
        header.set_gid(current_gid());
        header.set_mtime(1_700_000_000);
        // Past the checks of the library.
        let fields = header.as_ustar_mut().unwrap();
        fields.name[..path.len()].copy_from_slice(path.as_bytes());
        fields.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        self.entry(EntryType::Regular, path, "", content.as_bytes())
    }

    fn folder(self, path: &str) -> Self {
        self.entry(EntryType::Directory, path, "", b"")
    }

    fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, path, target, b"")
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Link, path, target, b"")
    }

    /// An extended header for the entry that comes next.
    fn said(self, key: &str, value: &[u8]) -> Self {
        let mut length = key.len() + value.len() + 3;
        while length != key.len() + value.len() + 3 + length.to_string().len() {
            length = key.len() + value.len() + 3 + length.to_string().len();
        }
        let mut record = format!("{length} {key}=").into_bytes();
        record.extend(value);
        record.push(b'\n');
        self.entry(EntryType::XHeader, "pax", "", &record)
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn current_uid() -> u64 {
    rustix::process::getuid().as_raw().into()
}

fn current_gid() -> u64 {
    rustix::process::getgid().as_raw().into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Whether tests can do what only root can.
fn is_root() -> bool {
    current_uid() == 0
}

#[test]
fn a_layer_becomes_a_folder() {
    let shelf = Shelf::new();
    let archive = Archive::default()
        .folder("./")
        .folder("etc/")
        .file("etc/hostname", "node")
        .symlink("etc/mtab", "/proc/mounts")
        .link("etc/name", "etc/hostname")
        .said("SCHILY.xattr.user.note", b"kept")
        .said_path_of(150)
        .bytes();
    let unpacked = shelf.unpack(&archive).unwrap();
    assert_eq!(unpacked.bytes, archive.len() as u64);
    assert_eq!(shelf.read("etc/hostname"), "node");
    let etc = shelf.layer().join("etc");
    assert_eq!(fs::metadata(etc.join("name")).unwrap().nlink(), 2);
    let target = fs::read_link(etc.join("mtab")).unwrap();
    assert_eq!(target, Path::new("/proc/mounts"));
    let metadata = fs::metadata(etc.join("hostname")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o644);
    assert_eq!(metadata.mtime(), 1_700_000_000);
    // Although files were put into it.
    assert_eq!(fs::metadata(&etc).unwrap().mtime(), 1_700_000_000);
    assert_eq!(shelf.read(&"n".repeat(150)), "long");
}

#[test]
fn however_it_is_packed_its_identity_is_that_of_the_archive() {
    let archive = Archive::default().file("a", &"text ".repeat(1000)).bytes();
    let plain = Shelf::new().unpack(&archive).unwrap();
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &archive);
    let hex: String = sha256.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(plain.diff_id, hex);
    assert_eq!(Shelf::new().unpack(&gzip(&archive)).unwrap(), plain);
    // Members one after the other, as parallel programs write them.
    let (start, end) = archive.split_at(700);
    let members = [gzip(start), gzip(end)].concat();
    assert_eq!(Shelf::new().unpack(&members).unwrap(), plain);
    let compress = |bytes: &[u8]| {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(bytes, level)
    };
    // Frames, and between them one for somebody else.
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"any"].concat();
    let frames = [compress(start), skipped, compress(end)].concat();
    assert_eq!(Shelf::new().unpack(&frames).unwrap(), plain);
}

#[test]
fn a_folder_that_no_entry_is_about_is_what_it_is_below() {
    let shelf = Shelf::new();
    let lower = shelf.0.path().join("lower");
    fs::create_dir_all(lower.join("tmp/inner")).unwrap();
    fs::set_permissions(lower.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    let archive = Archive::default()
        .file("tmp/inner/new", "new")
        .folder("known/")
        .file("known/new/a", "")
        .bytes();
    let unpacked = shelf.unpack(&archive).unwrap();
    let implied = ["known/new", "tmp", "tmp/inner"].map(PathBuf::from);
    assert_eq!(unpacked.implied, implied);
    layers::adopt(&shelf.layer(), &implied, std::slice::from_ref(&lower)).unwrap();
    let (found, expected) = (shelf.layer().join("tmp"), lower.join("tmp"));
    let [found, expected] = [found, expected].map(|path| fs::metadata(path).unwrap());
    assert_eq!(found.mode(), expected.mode());
    assert_eq!(found.mtime(), expected.mtime());
    assert_eq!(found.mtime_nsec(), expected.mtime_nsec());
    fs::remove_dir_all(lower).unwrap();
}

#[test]
fn later_entries_take_the_place_of_earlier_ones() {
    let shelf = Shelf::new();
    let archive = Archive::default()
        .file("a", "file")
        .folder("a/")
        .file("a/b/c", "made on the way")
        .file("a/b/c", "again")
        .symlink("d", "a")
        .file("d", "no link")
        .folder("e/")
        .file("e/f", "")
        .file("e", "no folder")
        .bytes();
    shelf.unpack(&archive).unwrap();
    assert_eq!(shelf.read("a/b/c"), "again");
    assert_eq!(shelf.read("d"), "no link");
    assert_eq!(shelf.read("e"), "no folder");
}

#[test]
fn what_lower_layers_have_is_hidden() {
    if !is_root() {
        eprintln!("not root: skipped");
        return;
    }
    let shelf = Shelf::new();
    let archive = Archive::default()
        .file("etc/.wh.passwd", "")
        .file("var/.wh..wh..opq", "")
        .file("var/new", "new")
        .bytes();
    shelf.unpack(&archive).unwrap();
    let hidden = fs::symlink_metadata(shelf.layer().join("etc/passwd")).unwrap();
    assert!(hidden.file_type().is_char_device());
    assert_eq!(hidden.rdev(), 0);
    let mut value = [0; 8];
    let var = shelf.layer().join("var");
    let length = rustix::fs::getxattr(&var, "trusted.overlay.opaque", &mut value).unwrap();
    assert_eq!(&value[..length], b"y");
    assert!(!var.join(".wh..wh..opq").exists());
}

#[test]
fn nothing_leads_out_of_a_layer() {
    let outside = |shelf: &Shelf| shelf.outside().display().to_string();
    type Evil = fn(Archive, &str) -> Archive;
    // Refused, or done inside: never outside.
    let evil: [(&str, Evil); 12] = [
        ("up", |a, _| a.file("../outside/secret", "evil")),
        ("up, later", |a, _| a.file("x/../../outside/secret", "evil")),
        ("absolute", |a, out| {
            a.file(&format!("{out}/secret"), "evil")
        }),
        ("absolute link, then file", |a, out| {
            a.symlink("x", out).file("x/secret", "evil")
        }),
        ("relative link, then file", |a, _| {
            a.symlink("x", "../outside").file("x/secret", "evil")
        }),
        ("link to a link", |a, out| {
            a.symlink("x", out)
                .symlink("y", "x")
                .file("y/secret", "evil")
        }),
        ("hard link out", |a, out| {
            a.link("x", &format!("{out}/secret"))
        }),
        ("hard link up", |a, _| a.link("x", "../outside/secret")),
        ("hard link through a link", |a, out| {
            a.symlink("x", out).link("y", "x/secret").file("y", "evil")
        }),
        ("hard link to a link, then written", |a, out| {
            a.symlink("x", &format!("{out}/secret"))
                .link("y", "x")
                .file("y", "evil")
        }),
        ("whiteout through a link", |a, out| {
            a.symlink("x", out).file("x/.wh.secret", "")
        }),
        ("whiteout up", |a, _| a.file("x/.wh...", "")),
    ];
    for (name, make) in evil {
        let shelf = Shelf::new();
        let archive = make(Archive::default(), &outside(&shelf)).bytes();
        let result = shelf.unpack(&archive);
        eprintln!("{name}: {result:?}");
        shelf.untouched();
    }
}

#[test]
fn what_images_do_not_have_is_refused_with_its_path() {
    for (name, archive) in [
        ("goes up", Archive::default().file("a/../../b", "")),
        (
            "this layer does not have",
            Archive::default().link("a", "b"),
        ),
        (
            "link to a folder",
            Archive::default().folder("a/").link("b", "a"),
        ),
        ("link to nothing", Archive::default().symlink("a", "")),
        ("whiteout in the disguise", {
            Archive::default().entry(EntryType::Char, "dev/null", "", b"")
        }),
        ("hides no name", Archive::default().file(".wh.", "")),
        (
            "no folder",
            Archive::default().file("a", "").file("a/b", ""),
        ),
        (
            "link to nowhere",
            Archive::default().symlink("a", "b").file("a/c", ""),
        ),
        (
            "takes the place of the root",
            Archive::default().symlink("./", "/"),
        ),
        ("larger than its header", {
            Archive::default().said("size", b"99").file("a", "")
        }),
        ("kind that images do not have", {
            Archive::default().entry(EntryType::GNUSparse, "a", "", b"")
        }),
    ] {
        let error = Shelf::new().unpack(&archive.bytes());
        match error {
            Err(error) => assert!(error.to_string().contains(name), "{name}: {error}"),
            Ok(_) => panic!("{name}: accepted"),
        }
    }
}

#[test]
fn overlayfs_and_labels_are_not_for_layers_to_say() {
    let shelf = Shelf::new();
    let archive = Archive::default()
        .said("SCHILY.xattr.trusted.overlay.redirect", b"/etc")
        .folder("a/")
        .said(
            "SCHILY.xattr.security.selinux",
            b"system_u:object_r:etc_t:s0",
        )
        .file("b", "")
        .bytes();
    shelf.unpack(&archive).unwrap();
    for path in ["a", "b"] {
        let path = shelf.layer().join(path);
        let mut names = [0; 256];
        let length = rustix::fs::listxattr(&path, &mut names).unwrap();
        let names = String::from_utf8_lossy(&names[..length]).into_owned();
        assert!(!names.contains("overlay"), "{names}");
        let mut value = [0; 64];
        let label = rustix::fs::getxattr(&path, "security.selinux", &mut value);
        assert!(label.is_err() || !value.starts_with(b"system_u:object_r:etc_t"));
    }
}

#[test]
fn bombs_do_not_go_off() {
    let zeroes = vec![0; 8 << 20];
    let archive = Archive::default()
        .entry(EntryType::Regular, "zeroes", "", &zeroes)
        .bytes();
    let limits = Limits {
        bytes: 1 << 20,
        entries: 3,
    };
    let shelf = Shelf::new();
    let error = unpack(&gzip(&archive)[..], &shelf.layer(), limits).unwrap_err();
    assert!(
        error.to_string().contains("more than 1048576 bytes"),
        "{error}"
    );
    // After the end of the archive, too.
    let mut padded = Archive::default().file("a", "").bytes();
    padded.extend(&zeroes);
    let shelf = Shelf::new();
    let error = unpack(&gzip(&padded)[..], &shelf.layer(), limits).unwrap_err();
    assert!(
        error.to_string().contains("more than 1048576 bytes"),
        "{error}"
    );
    let many = Archive::default()
        .file("a", "")
        .file("b", "")
        .file("c", "")
        .file("d", "");
    let shelf = Shelf::new();
    let error = unpack(&many.bytes()[..], &shelf.layer(), limits).unwrap_err();
    assert!(error.to_string().contains("more than 3 entries"), "{error}");
    let long = Archive::default().entry(EntryType::GNULongName, "a", "", &zeroes);
    let error = Shelf::new().unpack(&long.bytes()).unwrap_err();
    assert!(error.to_string().contains("bytes of names"), "{error}");
}

#[test]
fn a_layer_that_breaks_off_is_damaged() {
    let archive = Archive::default().file("a", &"x".repeat(5000)).bytes();
    for packed in [archive.clone(), gzip(&archive)] {
        let cut = &packed[..packed.len() * 2 / 3];
        let cut = Shelf::new().unpack(&cut[..cut.len().min(3000)]);
        assert!(matches!(cut, Err(Error::Archive(_))), "{cut:?}");
    }
}

impl Archive {
    /// A file with a name of that many letters, in an extended header.
    fn said_path_of(self, letters: usize) -> Self {
        self.said("path", "n".repeat(letters).as_bytes())
            .file("short", "long")
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_leave_its_folder(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        place in 0..1500usize,
    ) {
        let shelf = Shelf::new();
        let _ = shelf.unpack(&bytes);
        // Damage in what is almost right gets further.
        let mut archive = Archive::default()
            .said("path", b"other")
            .file("a", "text")
            .symlink("b", "/")
            .link("c", "a")
            .bytes();
        for (at, byte) in bytes.iter().enumerate().take(8) {
            let at = (place + at * 97) % archive.len();
            archive[at] = *byte;
        }
        let shelf = Shelf::new();
        let _ = shelf.unpack(&archive);
        shelf.untouched();
    }
}
