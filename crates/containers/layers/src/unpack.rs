//! From an archive to a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, RawMode, Timespec, Timestamps, Uid, XattrFlags, chmodat,
    chownat, fsetxattr, linkat, makedev, mkdirat, mknodat, openat, statat, symlinkat, utimensat,
};
use rustix::io::Errno;
use tar::{Archive, Entry, EntryType, Header, PaxExtensions};

use crate::Error;
use crate::compression::unpacked;
use crate::confined::{Confined, Place, refused};
use crate::hashing::Hashing;

/// How much is read and written at a time.
const PIECE: usize = 256 << 10;
/// What names an entry has no more than this.
const MAX_NAMES: u64 = 1 << 20;
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const XATTR: &str = "SCHILY.xattr.";
const PERMISSIONS: RawMode = 0o7777;

/// How much a layer may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the archive once it is unpacked.
    pub bytes: u64,
    /// Files, folders and all else.
    pub entries: u64,
}

impl Default for Limits {
    /// More than any image that was seen; less than what fills a node.
    fn default() -> Self {
        Self {
            bytes: 32 << 30,
            entries: 2_000_000,
        }
    }
}

/// What was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// SHA-256 of the archive, in hexadecimal: the layer's `diff_id`.
    pub diff_id: String,
    /// Size of the archive in bytes.
    pub bytes: u64,
    /// Number of entries.
    pub entries: u64,
    /// Folders that no entry is about, the outer ones first: they are there because
    /// something is in them. What else they are, the layers below say ([`adopt`]).
    pub implied: Vec<PathBuf>,
}

/// Unpacks a layer (plain, gzip or zstd) into a folder that is there and empty.
///
/// # Errors
///
/// See [`Error`]. The folder is not fit for use then.
pub fn unpack(packed: impl Read, folder: &Path, limits: Limits) -> Result<Unpacked, Error> {
    let archive = unpacked(BufReader::with_capacity(PIECE, packed)).map_err(Error::Archive)?;
    let mut archive = Hashing::new(Counted {
        inner: archive,
        bytes: 0,
        limit: limits.bytes,
    });
    let unpacker = Unpacker::new(folder, limits)?;
    let done = unpacker.run(&mut archive).and_then(|done| {
        // The end of an archive is not the end of the layer, whose hash is of all.
        io::copy(&mut archive, &mut io::sink()).map_err(Error::Archive)?;
        Ok(done)
    });
    let (entries, implied) = done.map_err(|error| match error {
        Error::Archive(source) if source.kind() == io::ErrorKind::FileTooLarge => Error::TooMuch {
            what: "bytes",
            limit: limits.bytes,
        },
        other => other,
    })?;
    let (counted, diff_id) = archive.finish();
    Ok(Unpacked {
        diff_id,
        bytes: counted.bytes,
        entries,
        implied: implied.into_iter().collect(),
    })
}

/// Gives folders of a layer the owner, the mode and the time that they have in the
/// uppermost of the layers below, which are given the lowest first.
///
/// # Errors
///
/// If the file system refuses.
pub fn adopt(folder: &Path, implied: &[PathBuf], below: &[PathBuf]) -> Result<(), Error> {
    let layer = Confined::open(folder)?;
    // The inner ones first: what changes in a folder changes its time.
    for path in implied.iter().rev() {
        let Some(place) = layer.find(path)? else {
            continue;
        };
        for below in below.iter().rev() {
            let Some(original) = Confined::open(below)?.find(path)? else {
                continue;
            };
            match original.kind()? {
                None => {}
                Some(FileType::Directory) => {
                    copy_facts(&original, &place)?;
                    break;
                }
                // Hidden, or something else: what is further below does not show.
                Some(_) => break,
            }
        }
    }
    Ok(())
}

fn copy_facts(from: &Place, to: &Place) -> Result<(), Error> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    let stat = statat(from.folder(), &from.name, flags).map_err(|e| from.failed("examine", e))?;
    let (user, group) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    chownat(to.folder(), &to.name, Some(user), Some(group), flags)
        .map_err(|e| to.failed("give away", e))?;
    let mode = Mode::from_raw_mode(stat.st_mode & PERMISSIONS);
    chmodat(to.folder(), &to.name, mode, AtFlags::empty()).map_err(|e| to.failed("change", e))?;
    let time = Timespec {
        tv_sec: stat.st_mtime as _,
        tv_nsec: stat.st_mtime_nsec as _,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    set_times(to, &times)
}

/// A reader that ends with an error where there is too much.
struct Counted<R> {
    inner: R,
    bytes: u64,
    limit: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes += length as u64;
        if self.bytes > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(length)
    }
}

/// What the entries before one say about it.
#[derive(Debug, Default)]
struct Announced {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    attributes: BTreeMap<String, Vec<u8>>,
    numbers: BTreeMap<String, String>,
}

struct Unpacker {
    inside: Confined,
    limits: Limits,
    /// When folders were changed, set at the end: what is put into them changes that.
    folders: BTreeMap<PathBuf, Timestamps>,
    buffer: Vec<u8>,
}

impl Unpacker {
    fn new(folder: &Path, limits: Limits) -> Result<Self, Error> {
        Ok(Self {
            inside: Confined::open(folder)?,
            limits,
            folders: BTreeMap::new(),
            buffer: vec![0; PIECE],
        })
    }

    fn run(mut self, archive: &mut impl Read) -> Result<(u64, BTreeSet<PathBuf>), Error> {
        let mut archive = Archive::new(archive);
        let mut announced = Announced::default();
        let mut count = 0;
        // Raw: the library would keep names of any length in memory.
        for entry in archive.entries().map_err(Error::Archive)?.raw(true) {
            let mut entry = entry.map_err(Error::Archive)?;
            count += 1;
            if count > self.limits.entries {
                return Err(Error::TooMuch {
                    what: "entries",
                    limit: self.limits.entries,
                });
            }
            let kind = entry.header().entry_type();
            match kind {
                EntryType::GNULongName => announced.path = Some(name(&mut entry)?),
                EntryType::GNULongLink => announced.link = Some(name(&mut entry)?),
                EntryType::XHeader => announced.extend(&text(&mut entry)?)?,
                EntryType::XGlobalHeader => {}
                _ => self.entry(&mut entry, std::mem::take(&mut announced))?,
            }
        }
        for (path, times) in std::mem::take(&mut self.folders).into_iter().rev() {
            let Some(place) = self.inside.place(&path)? else {
                continue;
            };
            if place.kind()? == Some(FileType::Directory) {
                set_times(&place, &times)?;
            }
        }
        Ok((count, self.inside.into_implied()))
    }

    fn entry(&mut self, entry: &mut Entry<'_, impl Read>, said: Announced) -> Result<(), Error> {
        let path = match &said.path {
            Some(path) => PathBuf::from(OsString::from_vec(path.clone())),
            None => entry.path().map_err(Error::Archive)?.into_owned(),
        };
        let header = entry.header().clone();
        if said.numbers.contains_key("size") && said.number("size") != header.entry_size().ok() {
            return Err(refused(&path, "it is larger than its header can say"));
        }
        let Some(place) = self.inside.place(&path)? else {
            let is_folder = header.entry_type() == EntryType::Directory;
            return match is_folder {
                true => self.root(&header, &said),
                false => Err(refused(&path, "it takes the place of the root")),
            };
        };
        if place.name.as_bytes() == OPAQUE {
            return opaque(&place);
        }
        if let Some(hidden) = place.name.as_bytes().strip_prefix(WHITEOUT) {
            return whiteout(&place, OsStr::from_bytes(hidden));
        }
        let times = times(&header, &said);
        let kind = header.entry_type();
        match kind {
            EntryType::Directory => {
                if place.kind()? != Some(FileType::Directory) {
                    place.clear()?;
                    mkdirat(place.folder(), &place.name, Mode::from_raw_mode(0o700))
                        .map_err(|e| place.failed("make", e))?;
                }
                self.inside.mentioned(&place.path);
                self.folders.insert(place.path.clone(), times.clone());
            }
            EntryType::Regular | EntryType::Continuous => {
                place.clear()?;
                self.file(entry, &place)?;
            }
            EntryType::Symlink => {
                place.clear()?;
                let target = link(&header, &said, &place)?;
                symlinkat(target.as_os_str(), place.folder(), &place.name)
                    .map_err(|e| place.failed("make", e))?;
            }
            // Another name of what has its own entry.
            EntryType::Link => return self.hard_link(&link(&header, &said, &place)?, &place),
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                place.clear()?;
                device(&header, &place)?;
            }
            _ => return Err(place.refused("it is of a kind that images do not have")),
        }
        set_owner(&header, &said, &place)?;
        if kind != EntryType::Symlink {
            set_mode(&header, &place)?;
        }
        if matches!(kind, EntryType::Regular | EntryType::Directory) {
            set_attributes(&said, &place)?;
        }
        set_times(&place, &times)
    }

    /// The root has no name, but an owner and a mode.
    fn root(&mut self, header: &Header, said: &Announced) -> Result<(), Error> {
        let place = Path::new("/");
        let failed = |errno: Errno| Error::File {
            action: "change",
            path: place.to_owned(),
            source: errno.into(),
        };
        let (owner, group) = owner(header, said).ok_or_else(|| refused(place, "bad owner"))?;
        chownat(self.inside.root(), "", owner, group, AtFlags::EMPTY_PATH).map_err(failed)?;
        let mode = header.mode().map_err(Error::Archive)? & PERMISSIONS;
        chmodat(
            self.inside.root(),
            ".",
            Mode::from_raw_mode(mode),
            AtFlags::empty(),
        )
        .map_err(failed)
    }

    fn file(&mut self, entry: &mut Entry<'_, impl Read>, place: &Place) -> Result<(), Error> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(
            place.folder(),
            &place.name,
            flags,
            Mode::from_raw_mode(0o600),
        )
        .map_err(|e| place.failed("make", e))?;
        loop {
            let length = match entry.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Error::Archive(e)),
            };
            let mut rest = &self.buffer[..length];
            while !rest.is_empty() {
                match rustix::io::write(&file, rest) {
                    Ok(written) => rest = &rest[written..],
                    Err(Errno::INTR) => {}
                    Err(errno) => return Err(place.failed("write", errno)),
                }
            }
        }
    }

    fn hard_link(&self, target: &Path, place: &Place) -> Result<(), Error> {
        let other = self.inside.place(target)?;
        let other = other.ok_or_else(|| place.refused("it is a link to the root"))?;
        match other.kind()? {
            None => return Err(place.refused("it is a link to what this layer does not have")),
            Some(FileType::Directory) => return Err(place.refused("it is a link to a folder")),
            Some(_) if other.path == place.path => return Ok(()),
            Some(_) => {}
        }
        place.clear()?;
        linkat(
            other.folder(),
            &other.name,
            place.folder(),
            &place.name,
            AtFlags::empty(),
        )
        .map_err(|e| place.failed("make", e))
    }
}

impl Announced {
    /// Reads an extended header (POSIX.1-2001, pax).
    fn extend(&mut self, records: &[u8]) -> Result<(), Error> {
        for record in PaxExtensions::new(records) {
            let record = record.map_err(Error::Archive)?;
            let key = record
                .key()
                .map_err(|e| Error::Archive(io::Error::other(e)))?;
            let value = record.value_bytes();
            if let Some(attribute) = key.strip_prefix(XATTR) {
                self.attributes.insert(attribute.to_owned(), value.to_vec());
                continue;
            }
            match key {
                "path" => self.path = Some(value.to_vec()),
                "linkpath" => self.link = Some(value.to_vec()),
                "size" | "uid" | "gid" | "mtime" => {
                    let value = String::from_utf8_lossy(value).into_owned();
                    self.numbers.insert(key.to_owned(), value);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.numbers.get(name)?.parse().ok()
    }
}

fn text(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    let read = entry.take(MAX_NAMES + 1).read_to_end(&mut text);
    read.map_err(Error::Archive)?;
    match text.len() as u64 > MAX_NAMES {
        true => Err(Error::TooMuch {
            what: "bytes of names for an entry",
            limit: MAX_NAMES,
        }),
        false => Ok(text),
    }
}

fn name(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, Error> {
    let mut name = text(entry)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn link(header: &Header, said: &Announced, place: &Place) -> Result<PathBuf, Error> {
    let target = match &said.link {
        Some(link) => Some(link.clone()),
        None => header.link_name_bytes().map(|name| name.into_owned()),
    };
    match target {
        Some(target) if !target.is_empty() => Ok(OsString::from_vec(target).into()),
        _ => Err(place.refused("it is a link to nothing")),
    }
}

fn opaque(place: &Place) -> Result<(), Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = openat(place.folder(), ".", flags, Mode::empty());
    let folder = folder.map_err(|e| place.failed("open", e))?;
    fsetxattr(&folder, "trusted.overlay.opaque", b"y", XattrFlags::empty())
        .map_err(|e| place.failed("mark", e))
}

/// What is hidden is a character device 0:0 to overlayfs.
fn whiteout(place: &Place, hidden: &OsStr) -> Result<(), Error> {
    if hidden.is_empty() || matches!(hidden.as_bytes(), b"." | b"..") {
        return Err(place.refused("it hides no name"));
    }
    let hidden = place.named(hidden)?;
    hidden.clear()?;
    let nothing = makedev(0, 0);
    let kind = FileType::CharacterDevice;
    mknodat(hidden.folder(), &hidden.name, kind, Mode::empty(), nothing)
        .map_err(|e| hidden.failed("hide", e))
}

fn device(header: &Header, place: &Place) -> Result<(), Error> {
    let number = |number: io::Result<Option<u32>>| number.ok().flatten().unwrap_or(0);
    let (major, minor) = (number(header.device_major()), number(header.device_minor()));
    let kind = match header.entry_type() {
        EntryType::Fifo => FileType::Fifo,
        EntryType::Block => FileType::BlockDevice,
        _ if (major, minor) == (0, 0) => {
            return Err(place.refused("it is a whiteout in the disguise of a device"));
        }
        _ => FileType::CharacterDevice,
    };
    let device = match kind {
        FileType::Fifo => 0,
        _ => makedev(major, minor),
    };
    mknodat(
        place.folder(),
        &place.name,
        kind,
        Mode::from_raw_mode(0o600),
        device,
    )
    .map_err(|e| place.failed("make", e))
}

fn owner(header: &Header, said: &Announced) -> Option<(Option<Uid>, Option<Gid>)> {
    let number = |name, header: io::Result<u64>| {
        let number = said.number(name).or(header.ok())?;
        u32::try_from(number).ok().filter(|n| *n != u32::MAX)
    };
    let user = Uid::from_raw(number("uid", header.uid())?);
    let group = Gid::from_raw(number("gid", header.gid())?);
    Some((Some(user), Some(group)))
}

fn set_owner(header: &Header, said: &Announced, place: &Place) -> Result<(), Error> {
    let (user, group) = owner(header, said).ok_or_else(|| place.refused("it has no owner"))?;
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    chownat(place.folder(), &place.name, user, group, flags)
        .map_err(|e| place.failed("give away", e))
}

/// After the owner: to give a file away takes its setuid bit.
fn set_mode(header: &Header, place: &Place) -> Result<(), Error> {
    let mode = header.mode().map_err(Error::Archive)? & PERMISSIONS;
    // No link: it was made just now, and nobody else works here.
    chmodat(
        place.folder(),
        &place.name,
        Mode::from_raw_mode(mode),
        AtFlags::empty(),
    )
    .map_err(|e| place.failed("change", e))
}

/// Those of users, and file capabilities. Labels are the node's to give, and the
/// others are overlayfs's.
fn set_attributes(said: &Announced, place: &Place) -> Result<(), Error> {
    let wanted = |name: &str| name == "security.capability" || name.starts_with("user.");
    let mut attributes = said
        .attributes
        .iter()
        .filter(|(name, _)| wanted(name))
        .peekable();
    if attributes.peek().is_none() {
        return Ok(());
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(place.folder(), &place.name, flags, Mode::empty())
        .map_err(|e| place.failed("open", e))?;
    for (name, value) in attributes {
        fsetxattr(&file, name.as_str(), value, XattrFlags::empty())
            .map_err(|e| place.failed("mark", e))?;
    }
    Ok(())
}

fn times(header: &Header, said: &Announced) -> Timestamps {
    let fraction = said.numbers.get("mtime").and_then(|text| parse_time(text));
    let (seconds, nanoseconds) = fraction.unwrap_or_else(|| {
        let seconds = header.mtime().ok().and_then(|s| i64::try_from(s).ok());
        (seconds.unwrap_or(0), 0)
    });
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Seconds since 1970, maybe negative, maybe with a fraction.
fn parse_time(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanoseconds: i64 = digits.parse().ok().filter(|n| *n >= 0)?;
    match whole.starts_with('-') && nanoseconds > 0 {
        true => Some((seconds.checked_sub(1)?, 1_000_000_000 - nanoseconds)),
        false => Some((seconds, nanoseconds)),
    }
}

fn set_times(place: &Place, times: &Timestamps) -> Result<(), Error> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    utimensat(place.folder(), &place.name, times, flags).map_err(|e| place.failed("date", e))
}
