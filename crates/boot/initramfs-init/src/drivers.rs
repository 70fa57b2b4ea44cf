//! Which drivers the devices of this machine ask for.
//!
//! Each device has a `modalias`, such as `pci:v00001AF4d00001042...`; the
//! initramfs lists the patterns of its drivers. Loading all drivers instead
//! would take a second and more, since the kernel checks each one's signature.

use std::path::{Path, PathBuf};

/// The drivers of the initramfs by the devices they are for: one
/// `PATTERN FILE FILE ...` per line, a file behind those it needs.
#[derive(Debug, Default)]
pub struct Drivers {
    lines: Vec<(String, Vec<String>)>,
}

impl Drivers {
    /// Reads the list; a line without a file is ignored.
    pub fn parse(text: &str) -> Drivers {
        let lines = text
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace().map(str::to_owned);
                let pattern = words.next()?;
                let files: Vec<_> = words.filter(|file| !file.contains('/')).collect();
                (!files.is_empty()).then_some((pattern, files))
            })
            .collect();
        Drivers { lines }
    }

    /// The files that any of the devices asks for, in the order of the list.
    pub fn wanted<'a>(&'a self, devices: &'a [String]) -> impl Iterator<Item = &'a [String]> {
        self.lines
            .iter()
            .filter(|(pattern, _)| {
                let asks = |device: &String| matches(pattern.as_bytes(), device.as_bytes());
                devices.iter().any(asks)
            })
            .map(|(_, files)| files.as_slice())
    }
}

/// The `modalias` of every device that has one.
pub fn modaliases(sys: &Path) -> Vec<String> {
    let devices = |bus: PathBuf| entries(&bus.join("devices"));
    entries(&sys.join("bus"))
        .into_iter()
        .flat_map(devices)
        .filter_map(|device| std::fs::read_to_string(device.join("modalias")).ok())
        .map(|text| text.trim().to_owned())
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Matches as fnmatch(3) does without flags: `*`, `?` and `[...]`.
fn matches(mut pattern: &[u8], mut text: &[u8]) -> bool {
    // Where to go on if the current attempt fails: behind the last star, one
    // byte further.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        let step = match (pattern.first(), text.first()) {
            (Some(b'*'), _) => {
                pattern = &pattern[1..];
                retry = Some((pattern, text));
                continue;
            }
            (None, None) => return true,
            (Some(b'?'), Some(_)) => Some(1),
            (Some(b'['), Some(byte)) => class(pattern, *byte),
            (Some(wanted), Some(byte)) if wanted == byte => Some(1),
            _ => None,
        };
        match (step, retry) {
            (Some(length), _) => {
                pattern = &pattern[length..];
                text = &text[1..];
            }
            (None, Some((behind, [_, rest @ ..]))) => {
                pattern = behind;
                text = rest;
                retry = Some((behind, rest));
            }
            (None, _) => return false,
        }
    }
}

/// The length of the class at the start of the pattern, if it has the byte.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let end = pattern.iter().position(|b| *b == b']')?;
    let mut members = &pattern[1..end];
    loop {
        members = match members {
            [low, b'-', high, ..] if (low..=high).contains(&&byte) => return Some(end + 1),
            [_, b'-', _, rest @ ..] => rest,
            [member, ..] if *member == byte => return Some(end + 1),
            [_, rest @ ..] => rest,
            [] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_in_the_shell() {
        let table = [
            ("virtio:d00000002v*", "virtio:d00000002v00001AF4", true),
            ("virtio:d00000002v*", "virtio:d00000001v00001AF4", false),
            (
                "pci:v*d*sv*sd*bc01sc08i02*",
                "pci:v00001B36d00000010sv1AF4sd1100bc01sc08i02",
                true,
            ),
            (
                "pci:v*d*sv*sd*bc01sc08i02*",
                "pci:v00001B36d00000010sv1AF4sd1100bc01sc06i01",
                false,
            ),
            ("scsi:t-0x0[07]*", "scsi:t-0x07", true),
            ("scsi:t-0x0[1-4]*", "scsi:t-0x00", false),
            ("usb:ic08isc0[1-6]ip50", "usb:ic08isc06ip50", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("", "a", false),
            ("[", "[", false),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyybzzd", false),
        ];
        for (pattern, text, expected) in table {
            let found = matches(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, expected, "{pattern} against {text}");
        }
    }

    /// Without classes, by the definition.
    fn simply(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([b'*', behind @ ..], _) => {
                (0..=text.len()).any(|skipped| simply(behind, &text[skipped..]))
            }
            ([b'?', behind @ ..], [_, rest @ ..]) => simply(behind, rest),
            ([wanted, behind @ ..], [byte, rest @ ..]) => wanted == byte && simply(behind, rest),
            (pattern, text) => pattern == text,
        }
    }

    proptest! {
        #[test]
        fn going_back_to_the_last_star_is_enough(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(matches(pattern, text), simply(pattern, text));
        }

        #[test]
        fn any_pattern_can_be_tried(pattern in "[]\\[a*?-]{0,12}", text in "[a-]{0,12}") {
            matches(pattern.as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn a_device_gets_its_drivers_in_order() {
        let drivers = Drivers::parse(
            "pci:v1* libata.ko ahci.ko\n\nlonely\nvirtio:d2* virtio_blk.ko\npci:v1* ../evil\n",
        );
        let devices = ["virtio:d2v1".to_owned(), "pci:v1".to_owned()];
        let wanted: Vec<_> = drivers.wanted(&devices).flatten().collect();
        assert_eq!(wanted, ["libata.ko", "ahci.ko", "virtio_blk.ko"]);
        assert_eq!(drivers.wanted(&["usb:v1".to_owned()]).count(), 0);
    }

    #[test]
    fn devices_are_found_on_every_bus() {
        let sys = tempfile::tempdir().unwrap();
        for (device, modalias) in [
            ("bus/pci/devices/0", "pci:a\n"),
            ("bus/usb/devices/1", "usb:b\n"),
        ] {
            let folder = sys.path().join(device);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("modalias"), modalias).unwrap();
        }
        std::fs::create_dir_all(sys.path().join("bus/pci/devices/silent")).unwrap();
        let mut found = modaliases(sys.path());
        found.sort();
        assert_eq!(found, ["pci:a", "usb:b"]);
    }
}
