//! Which disk is meant.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Disk;

const SYNTAX: &str = "/dev/NAME, serial:NUMBER, smallest, largest, or size:MIN-MAX such as \
    size:400G-1T, of which one may be missing";

/// Says which disk is meant. By its size, that is one that is built in: it cannot be
/// taken out, and is not what the installer was started from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `/dev/NAME`, by the name of the kernel.
    Path(PathBuf),
    /// `serial:NUMBER`, as it is printed on the disk; `_` may stand for a space.
    Serial(String),
    /// `smallest` of all.
    Smallest,
    /// `largest` of all.
    Largest,
    /// `size:MIN-MAX` in bytes, both included. K, M, G and T are powers of 1000, as on the
    /// disk.
    Size(RangeInclusive<u64>),
}

impl Selector {
    /// Whether it names one disk, whichever others there are.
    pub fn is_name(&self) -> bool {
        matches!(self, Selector::Path(_) | Selector::Serial(_))
    }

    fn selects(&self, disk: &Disk) -> bool {
        match self {
            Selector::Path(path) => disk.path == *path,
            Selector::Serial(serial) => disk
                .serial
                .as_deref()
                .is_some_and(|found| same(found, serial)),
            Selector::Smallest | Selector::Largest => disk.is_built_in(),
            Selector::Size(range) => disk.is_built_in() && range.contains(&disk.bytes),
        }
    }
}

impl FromStr for Selector {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("/dev/") {
            let is_plain = !name.is_empty() && !name.split('/').any(|part| part == "..");
            return is_plain.then(|| Selector::Path(text.into())).ok_or(SYNTAX);
        }
        if let Some(serial) = text.strip_prefix("serial:") {
            let serial = serial.trim();
            let there = !serial.is_empty();
            return there.then(|| Selector::Serial(serial.into())).ok_or(SYNTAX);
        }
        if let Some(range) = text.strip_prefix("size:") {
            return sizes(range).map(Selector::Size).ok_or(SYNTAX);
        }
        match text {
            "smallest" => Ok(Selector::Smallest),
            "largest" => Ok(Selector::Largest),
            _ => Err(SYNTAX),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Path(path) => write!(f, "{}", path.display()),
            Selector::Serial(serial) => write!(f, "serial:{serial}"),
            Selector::Smallest => f.write_str("smallest"),
            Selector::Largest => f.write_str("largest"),
            Selector::Size(range) => match *range.end() {
                u64::MAX => write!(f, "size:{}-", range.start()),
                end => write!(f, "size:{}-{end}", range.start()),
            },
        }
    }
}

fn sizes(text: &str) -> Option<RangeInclusive<u64>> {
    let (least, most) = text.split_once('-')?;
    let least = match least {
        "" => 0,
        least => size(least)?,
    };
    let most = match most {
        "" => u64::MAX,
        most => size(most)?,
    };
    (least <= most).then_some(least..=most)
}

fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn same(found: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.trim().replace(' ', "_");
    plain(found) == plain(wanted)
}

/// Why no disk is chosen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None is named.
    #[error(
        "no disk to install to is named\nhint: the kernel argument bottlerocket.install={SYNTAX}"
    )]
    Unnamed,
    /// None is as it should be.
    #[error("no disk is {0}\nhint: the kernel argument bottlerocket.install={SYNTAX}")]
    None(Selector),
    /// It could be more than one.
    #[error(
        "{selector} could be {disks}\nhint: name one: bottlerocket.install=serial:NUMBER or /dev/NAME"
    )]
    Several {
        /// What was asked for.
        selector: Selector,
        /// The disks.
        disks: String,
    },
}

/// The disk that is meant.
pub(crate) fn choose<'a>(
    selector: Option<&Selector>,
    disks: &'a [Disk],
) -> Result<&'a Disk, Error> {
    let selector = selector.ok_or(Error::Unnamed)?;
    let mut meant: Vec<&Disk> = disks.iter().filter(|disk| selector.selects(disk)).collect();
    let sizes = meant.iter().map(|disk| disk.bytes);
    let size = match selector {
        Selector::Smallest => sizes.min(),
        Selector::Largest => sizes.max(),
        _ => None,
    };
    meant.retain(|disk| size.is_none_or(|size| disk.bytes == size));
    match meant[..] {
        [disk] => Ok(disk),
        [] => Err(Error::None(selector.clone())),
        _ => {
            let names: Vec<String> = meant.iter().map(|d| d.path.display().to_string()).collect();
            Err(Error::Several {
                selector: selector.clone(),
                disks: names.join(" and "),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const G: u64 = 1_000_000_000;

    fn disk(name: &str, bytes: u64) -> Disk {
        Disk {
            path: format!("/dev/{name}").into(),
            bytes,
            serial: Some(format!("S {name}")),
            model: None,
            removable: false,
            read_only: false,
            is_installer: false,
        }
    }

    fn disks() -> Vec<Disk> {
        let mut stick = disk("sda", 8 * G);
        stick.removable = true;
        let mut installer = disk("sdb", 4 * G);
        installer.is_installer = true;
        let mut locked = disk("sdc", 6 * G);
        locked.read_only = true;
        vec![
            stick,
            installer,
            locked,
            disk("nvme0n1", 480 * G),
            disk("nvme1n1", 960 * G),
            disk("nvme2n1", 960 * G),
        ]
    }

    #[test]
    fn one_disk_is_chosen_or_none() {
        for (selector, expected) in [
            ("/dev/nvme1n1", Some("nvme1n1")),
            ("/dev/sda", Some("sda")),
            ("/dev/sdz", None),
            ("serial:S nvme1n1", Some("nvme1n1")),
            ("serial:S_nvme1n1", Some("nvme1n1")),
            ("serial:nvme1n1", None),
            ("smallest", Some("nvme0n1")),
            ("largest", None),
            ("size:400G-500G", Some("nvme0n1")),
            ("size:480G-480G", Some("nvme0n1")),
            ("size:-500G", Some("nvme0n1")),
            ("size:500G-", None),
            ("size:0-", None),
            ("size:1T-2T", None),
        ] {
            let selector: Selector = selector.parse().unwrap();
            let disks = disks();
            let found = choose(Some(&selector), &disks);
            let name = found.as_ref().ok().and_then(|disk| disk.path.file_name());
            assert_eq!(
                name.and_then(|n| n.to_str()),
                expected,
                "{selector}: {found:?}"
            );
        }
    }

    #[test]
    fn the_reason_says_what_there_is() {
        let disks = disks();
        let error = |selector: Option<&str>| {
            let selector = selector.map(|text| text.parse().unwrap());
            choose(selector.as_ref(), &disks).unwrap_err().to_string()
        };
        for (selector, expected) in [
            (None, "no disk to install to is named"),
            (Some("size:1T-"), "no disk is size:1000000000000-"),
            (
                Some("largest"),
                "largest could be /dev/nvme1n1 and /dev/nvme2n1",
            ),
        ] {
            let error = error(selector);
            assert!(
                error.contains(expected) && error.contains("hint: "),
                "{error}"
            );
        }
    }

    #[test]
    fn what_names_no_disk_is_refused() {
        for text in [
            "",
            "sda",
            "/dev/",
            "/dev/../etc/passwd",
            "/etc/passwd",
            "serial:",
            "serial: ",
            "size:",
            "size:1G",
            "size:2G-1G",
            "size:1X-",
            "size:-1-2",
            "size:99999999999T-",
            "Smallest",
        ] {
            assert_eq!(text.parse::<Selector>(), Err(SYNTAX), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(least in any::<u64>(), more in any::<u32>()) {
            let selector = Selector::Size(least..=least.saturating_add(more.into()));
            prop_assert_eq!(selector.to_string().parse(), Ok(selector));
        }

        #[test]
        fn any_text_can_be_tried(text in "(size:|serial:|/dev/)?[0-9KMGTé-]{0,8}") {
            let _ = text.parse::<Selector>();
        }
    }
}
