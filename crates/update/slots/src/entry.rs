//! Boot entries: Boot Loader Specification (UAPI.1), type #1, with boot counting
//! (systemd's Automatic Boot Assessment) in their names.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// One of the two places for a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The one that this is not.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// As in names of files.
    pub fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }

    /// The name of the partition with its root file system.
    pub fn root_partition(self) -> &'static str {
        match self {
            Self::A => "ROOT-A",
            Self::B => "ROOT-B",
        }
    }

    /// The name of the partition with its hash tree.
    pub fn hash_partition(self) -> &'static str {
        match self {
            Self::A => "HASH-A",
            Self::B => "HASH-B",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter().to_ascii_uppercase())
    }
}

impl FromStr for Slot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "a" | "A" => Ok(Self::A),
            "b" | "B" => Ok(Self::B),
            _ => Err(format!(
                "`{}` is not a slot, a and b are",
                text.escape_debug()
            )),
        }
    }
}

/// How often the boot loader still starts an entry, and how often it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tries {
    /// Boots that are left.
    pub left: u32,
    /// Boots that failed, or are not decided yet.
    pub done: u32,
}

/// The name of an entry: `slot-a.conf`, or while it is tried `slot-a+2-1.conf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryName {
    /// Whose it is.
    pub slot: Slot,
    /// `None` once it is known to be good.
    pub tries: Option<Tries>,
}

impl FromStr for EntryName {
    type Err = ();

    /// FAT knows no case.
    fn from_str(name: &str) -> Result<Self, ()> {
        let name = name.to_ascii_lowercase();
        let stem = name
            .strip_prefix("slot-")
            .and_then(|s| s.strip_suffix(".conf"));
        let (slot, tries) = match stem.ok_or(())?.split_once('+') {
            None => (stem.ok_or(())?, None),
            Some((slot, tries)) => (slot, Some(tries)),
        };
        let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
            true => text.parse().map_err(|_| ()),
            false => Err(()),
        };
        let tries = match tries.map(|tries| tries.split_once('-').unwrap_or((tries, "0"))) {
            None => None,
            Some((left, done)) => Some(Tries {
                left: number(left)?,
                done: number(done)?,
            }),
        };
        let slot = slot.parse().map_err(|_| ())?;
        Ok(Self { slot, tries })
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot-{}", self.slot.letter())?;
        match self.tries {
            None => {}
            Some(Tries { left, done: 0 }) => write!(f, "+{left}")?,
            Some(Tries { left, done }) => write!(f, "+{left}-{done}")?,
        }
        f.write_str(".conf")
    }
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Of the entries that may be started, the boot loader takes the one with
    /// the highest number.
    pub activation: u64,
    /// The version of the system, for people.
    pub version: String,
}

impl Entry {
    /// The file's text. `uki`, and not `efi`: systemd-boot counts the tries of kernel
    /// images alone (since version 258, which also brought the word).
    pub fn text(&self, slot: Slot) -> String {
        let Self {
            activation,
            version,
        } = self;
        let letter = slot.letter();
        format!(
            "title Bottlerocket OS {version}\nsort-key bottlerocket\nversion {activation}\n\
             uki /EFI/bottlerocket/slot-{letter}.efi\n"
        )
    }

    /// Reads what [`Self::text`] wrote. `None` if it is no such text: torn,
    /// or somebody else's.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
                .map(str::trim)
        };
        value("uki").filter(|path| path.ends_with(".efi"))?;
        Some(Self {
            activation: value("version")?.parse().ok()?,
            version: value("title")?.strip_prefix("Bottlerocket OS ")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_and_written() {
        let tries = |left, done| Some(Tries { left, done });
        for (name, slot, expected) in [
            ("slot-a.conf", Slot::A, None),
            ("slot-b+3.conf", Slot::B, tries(3, 0)),
            ("slot-b+2-1.conf", Slot::B, tries(2, 1)),
            ("slot-a+0-3.conf", Slot::A, tries(0, 3)),
        ] {
            let found: EntryName = name.parse().unwrap();
            let expected = EntryName {
                slot,
                tries: expected,
            };
            assert_eq!(found, expected, "{name}");
            assert_eq!(found.to_string(), name);
            assert_eq!(name.to_uppercase().parse(), Ok(expected));
        }
        for name in [
            "",
            "slot-.conf",
            "slot-c.conf",
            "slot-a.conf.new",
            "slot-a+.conf",
            "slot-a+-1.conf",
            "slot-a+1-.conf",
            "slot-a+x.conf",
            "slot-a++1.conf",
            "slot-a+99999999999.conf",
            "other.conf",
        ] {
            assert_eq!(name.parse::<EntryName>(), Err(()), "{name}");
        }
    }

    #[test]
    fn the_shipped_entry_is_understood() {
        // As crates/image/disk writes it.
        let text = "title Bottlerocket OS 0.1.0\nsort-key bottlerocket\nversion 1\n\
                    uki /EFI/bottlerocket/slot-a.efi\n";
        let entry = Entry::parse(text).unwrap();
        assert_eq!((entry.activation, entry.version.as_str()), (1, "0.1.0"));
        assert_eq!(entry.text(Slot::A), text);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(activation: u64, version in "[a-zA-Z0-9.+_-]{1,40}") {
            let entry = Entry { activation, version };
            prop_assert_eq!(Entry::parse(&entry.text(Slot::B)), Some(entry));
        }

        #[test]
        fn a_torn_entry_is_none(cut in 0usize..100) {
            let entry = Entry { activation: 12, version: "1.2.3".to_owned() };
            let text = entry.text(Slot::B);
            let torn = &text[..cut.min(text.len() - ".efi\n".len())];
            prop_assert_eq!(Entry::parse(torn), None);
        }

        #[test]
        fn any_text_is_read_or_not(name in "\\PC*", tail in "[-+0-9.a-c]{0,12}") {
            let _ = name.parse::<EntryName>();
            if let Ok(found) = format!("slot-{tail}.conf").parse::<EntryName>() {
                prop_assert_eq!(found.to_string().parse(), Ok(found));
            }
            let _ = Entry::parse(&name);
        }
    }
}
