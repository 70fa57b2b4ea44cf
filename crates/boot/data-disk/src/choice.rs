//! Which disk is the one for data.

use std::path::PathBuf;

use crate::disks::{Contents, Disk};

/// A disk that will do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It has the partition DATA.
    WithData(PathBuf),
    /// There is nothing on it.
    Blank(PathBuf),
    /// That of the system, which has the partition DATA.
    SystemWithData,
    /// That of the system, for want of another one.
    System,
}

/// What the choice depends on beside the other disks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    /// It has not been up before.
    pub is_new: bool,
    /// The system's disk has the partition DATA.
    pub has_data: bool,
    /// DATA may be made on the system's disk.
    pub may_use_system: bool,
}

/// What the volume for data is attached as on EC2, in the two ways to name the second one.
const ATTACHED_AS: [&str; 2] = ["xvdb", "sdb"];

/// Why none will do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Error {
    #[error(
        "no other disk has a partition DATA, and this node had one before; there is {0}\n\
         hint: attach the disk with its data; a node that may begin anew is installed anew"
    )]
    Gone(String),
    #[error(
        "no disk for data: none has a partition DATA or is blank; there is {0}\n\
         hint: attach another disk with nothing on it (`blkdiscard`, or zeroes at its start and end)"
    )]
    None(String),
    #[error(
        "more than one disk may be meant for data: {0}\n\
         hint: leave one of them that is blank or has a partition DATA"
    )]
    Several(String),
}

/// Chooses among the disks beside that of the system, and that one.
pub(crate) fn choose(disks: &[Disk], node: Node) -> Result<Choice, Error> {
    if node.has_data {
        return Ok(Choice::SystemWithData);
    }
    let with = |contents: Contents| -> Vec<&Disk> {
        let fit = |disk: &&Disk| disk.contents == contents;
        disks.iter().filter(fit).collect()
    };
    match (&with(Contents::Data)[..], node.is_new) {
        ([disk], _) => return Ok(Choice::WithData(disk.path.clone())),
        ([], false) => return Err(Error::Gone(list(disks.iter()))),
        ([], true) => {}
        (several, _) => return Err(Error::Several(list(several.iter().copied()))),
    }
    let mut blank = with(Contents::Nothing);
    // What somebody attached as something else is for something else.
    blank.retain(|disk| match &disk.attached_as {
        Some(name) => ATTACHED_AS.contains(&name.as_str()),
        None => true,
    });
    match &blank[..] {
        [disk] => Ok(Choice::Blank(disk.path.clone())),
        [] if node.may_use_system => Ok(Choice::System),
        [] => Err(Error::None(list(disks.iter()))),
        several => Err(Error::Several(list(several.iter().copied()))),
    }
}

fn list<'a>(disks: impl Iterator<Item = &'a Disk>) -> String {
    let names: Vec<String> = disks.map(Disk::to_string).collect();
    match &names[..] {
        [] => "no other disk".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Node = Node {
        is_new: true,
        has_data: false,
        may_use_system: false,
    };
    const OLD: Node = Node {
        is_new: false,
        ..NEW
    };
    const MAY_USE_SYSTEM: Node = Node {
        may_use_system: true,
        ..NEW
    };

    /// Each disk is a letter: `D`ata, `n`othing, nothing and attached as `s`db or xvd`f`,
    /// `o`ther.
    fn disks(letters: &str) -> Vec<Disk> {
        let disk = |(number, letter): (usize, char)| Disk {
            path: format!("/dev/{number}").into(),
            bytes: 8_000_000_000,
            contents: match letter {
                'D' => Contents::Data,
                'n' | 's' | 'f' => Contents::Nothing,
                _ => Contents::Other,
            },
            attached_as: match letter {
                's' => Some("sdb".to_owned()),
                'f' => Some("xvdf".to_owned()),
                _ => None,
            },
        };
        letters.chars().enumerate().map(disk).collect()
    }

    #[test]
    fn data_comes_before_a_blank_disk_and_what_holds_anything_else_is_left_alone() {
        let data = |number: usize| Ok(Choice::WithData(format!("/dev/{number}").into()));
        let blank = |number: usize| Ok(Choice::Blank(format!("/dev/{number}").into()));
        for (letters, node, expected) in [
            ("D", NEW, data(0)),
            ("noD", NEW, data(2)),
            ("D", OLD, data(0)),
            ("on", NEW, blank(1)),
            ("n", NEW, blank(0)),
            ("fsf", NEW, blank(1)),
            ("n", MAY_USE_SYSTEM, blank(0)),
            ("D", MAY_USE_SYSTEM, data(0)),
            ("", MAY_USE_SYSTEM, Ok(Choice::System)),
            ("of", MAY_USE_SYSTEM, Ok(Choice::System)),
        ] {
            assert_eq!(choose(&disks(letters), node), expected, "{letters}");
        }
        // What is there already stays what it is.
        for is_new in [true, false] {
            let node = Node {
                is_new,
                has_data: true,
                may_use_system: false,
            };
            assert_eq!(choose(&disks("nD"), node), Ok(Choice::SystemWithData));
        }
    }

    #[test]
    fn where_nothing_or_too_much_fits_the_disks_are_named() {
        for (letters, node, expected) in [
            (
                "",
                NEW,
                "no disk for data: none has a partition DATA or is blank; there is no other disk\n",
            ),
            (
                "o",
                NEW,
                "; there is /dev/0 (8.0 GB, with something else on it)\n",
            ),
            (
                "nn",
                NEW,
                "more than one disk may be meant for data: /dev/0 (8.0 GB, blank), /dev/1 (8.0 GB, blank)\n",
            ),
            (
                "f",
                NEW,
                "; there is /dev/0 (8.0 GB, blank, attached as xvdf)\n",
            ),
            ("nn", MAY_USE_SYSTEM, "more than one disk"),
            (
                "n",
                Node {
                    may_use_system: true,
                    ..OLD
                },
                "this node had one before",
            ),
            ("DD", NEW, "more than one disk"),
            ("DD", OLD, "more than one disk"),
            (
                "n",
                OLD,
                "this node had one before; there is /dev/0 (8.0 GB, blank)\n",
            ),
        ] {
            let error = choose(&disks(letters), node).unwrap_err().to_string();
            assert!(error.contains(expected), "{letters}: {error}");
            assert!(error.contains("\nhint: "), "{error}");
        }
    }
}
