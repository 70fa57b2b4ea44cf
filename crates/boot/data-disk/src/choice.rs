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
}

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

/// Chooses among the disks beside that of the system; `is_new` if the node has not been up
/// before.
pub(crate) fn choose(disks: &[Disk], is_new: bool) -> Result<Choice, Error> {
    let with = |contents: Contents| -> Vec<&Disk> {
        let fit = |disk: &&Disk| disk.contents == contents;
        disks.iter().filter(fit).collect()
    };
    match (&with(Contents::Data)[..], is_new) {
        ([disk], _) => return Ok(Choice::WithData(disk.path.clone())),
        ([], false) => return Err(Error::Gone(list(disks.iter()))),
        ([], true) => {}
        (several, _) => return Err(Error::Several(list(several.iter().copied()))),
    }
    match &with(Contents::Nothing)[..] {
        [disk] => Ok(Choice::Blank(disk.path.clone())),
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

    /// Each disk is a letter: `D`ata, `n`othing, `o`ther.
    fn disks(letters: &str) -> Vec<Disk> {
        let disk = |(number, letter): (usize, char)| Disk {
            path: format!("/dev/{number}").into(),
            bytes: 8_000_000_000,
            contents: match letter {
                'D' => Contents::Data,
                'n' => Contents::Nothing,
                _ => Contents::Other,
            },
        };
        letters.chars().enumerate().map(disk).collect()
    }

    #[test]
    fn data_comes_before_a_blank_disk_and_what_holds_anything_else_is_left_alone() {
        let data = |number: usize| Ok(Choice::WithData(format!("/dev/{number}").into()));
        let blank = |number: usize| Ok(Choice::Blank(format!("/dev/{number}").into()));
        for (letters, is_new, expected) in [
            ("D", true, data(0)),
            ("noD", true, data(2)),
            ("D", false, data(0)),
            ("on", true, blank(1)),
            ("n", true, blank(0)),
        ] {
            assert_eq!(choose(&disks(letters), is_new), expected, "{letters}");
        }
    }

    #[test]
    fn where_nothing_or_too_much_fits_the_disks_are_named() {
        for (letters, is_new, expected) in [
            (
                "",
                true,
                "no disk for data: none has a partition DATA or is blank; there is no other disk\n",
            ),
            (
                "o",
                true,
                "; there is /dev/0 (8.0 GB, with something else on it)\n",
            ),
            (
                "nn",
                true,
                "more than one disk may be meant for data: /dev/0 (8.0 GB, blank), /dev/1 (8.0 GB, blank)\n",
            ),
            ("DD", true, "more than one disk"),
            ("DD", false, "more than one disk"),
            (
                "n",
                false,
                "this node had one before; there is /dev/0 (8.0 GB, blank)\n",
            ),
        ] {
            let error = choose(&disks(letters), is_new).unwrap_err().to_string();
            assert!(error.contains(expected), "{letters}: {error}");
            assert!(error.contains("\nhint: "), "{error}");
        }
    }
}
