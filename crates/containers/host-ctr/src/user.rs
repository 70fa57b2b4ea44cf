//! Who a container's process is: what an image says, by the files of the image.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

/// A file of users is never this large.
const MAX_BYTES: u64 = 4 << 20;

/// User, group and further groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

impl User {
    /// Understands `USER[:GROUP]`, each a name or a number (OCI Image Format).
    pub(crate) fn find(root: &Path, said: &str) -> Result<Self> {
        let passwd = read(root, "etc/passwd")?;
        let group = read(root, "etc/group")?;
        Self::parse(said, &passwd, &group)
    }

    fn parse(said: &str, passwd: &str, group: &str) -> Result<Self> {
        let (user, wanted) = match said.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (said, None),
        };
        let user = if user.is_empty() { "0" } else { user };
        let number: Option<u32> = user.parse().ok();
        let known = records(passwd).find(|record| match number {
            Some(number) => record.get(2).is_some_and(|uid| uid.parse() == Ok(number)),
            None => record.first() == Some(&user),
        });
        let field = |record: &[&str], at: usize| record.get(at)?.parse().ok();
        let uid = number.or_else(|| field(known.as_deref()?, 2));
        let uid = uid.with_context(|| format!("the image has no user `{user}`"))?;
        let name = known.as_deref().and_then(|record| record.first().copied());
        let gid = match wanted {
            Some(wanted) => {
                let number = wanted.parse().ok();
                let named = || {
                    let record = records(group).find(|r| r.first() == Some(&wanted))?;
                    field(&record, 2)
                };
                let gid = number.or_else(named);
                gid.with_context(|| format!("the image has no group `{wanted}`"))?
            }
            None => known.as_deref().and_then(|r| field(r, 3)).unwrap_or(0),
        };
        let is_member = |record: &[&str]| {
            let members = record.get(3).copied().unwrap_or_default();
            name.is_some_and(|name| members.split(',').any(|member| member == name))
        };
        let mut groups: Vec<u32> = match wanted {
            // Who says the group says all of them.
            Some(_) => Vec::new(),
            None => records(group)
                .filter(|record| is_member(record))
                .filter_map(|record| field(&record, 2))
                .filter(|group| *group != gid)
                .collect(),
        };
        groups.sort_unstable();
        groups.dedup();
        Ok(Self { uid, gid, groups })
    }
}

fn records(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

/// A file of the image, wherever its links lead; nothing outside of it. A file that
/// is not there has nothing in it.
fn read(root: &Path, path: &str) -> Result<String> {
    let failed = || format!("failed to read {path} of the image");
    let open = || -> rustix::io::Result<OwnedFd> {
        let folder = openat(CWD, root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        openat2(folder, path, flags, Mode::empty(), inside)
    };
    let file = match open() {
        Ok(file) => std::fs::File::from(file),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(String::new()),
        Err(errno) => return Err(errno).with_context(failed),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .with_context(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/:\nbad\n:::\n";
    const GROUP: &str = "root:x:0:\nwww:x:34:\nlogs:x:5:web,other\nfiles:x:6:other\n";

    #[test]
    fn users_are_names_or_numbers() {
        for (said, uid, gid, groups) in [
            ("", 0, 0, vec![]),
            ("0", 0, 0, vec![]),
            ("root", 0, 0, vec![]),
            ("web", 33, 34, vec![5]),
            ("33", 33, 34, vec![5]),
            ("web:logs", 33, 5, vec![]),
            ("web:99", 33, 99, vec![]),
            ("1234", 1234, 0, vec![]),
            ("1234:5678", 1234, 5678, vec![]),
        ] {
            let expected = User { uid, gid, groups };
            let found = User::parse(said, PASSWD, GROUP).expect(said);
            assert_eq!(found, expected, "{said}");
        }
        for said in ["nobody", "web:nothing", "-1", "4294967296"] {
            assert!(User::parse(said, PASSWD, GROUP).is_err(), "{said}");
        }
    }

    #[test]
    fn files_are_those_of_the_image() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(User::find(root.path(), "").expect("root"), User::default());
        std::fs::create_dir(root.path().join("etc")).expect("a folder");
        // Inside the image, this is nothing.
        std::os::unix::fs::symlink("/../../../etc/passwd", root.path().join("etc/other"))
            .expect("a link");
        std::os::unix::fs::symlink("/etc/other", root.path().join("etc/passwd")).expect("a link");
        assert!(User::find(root.path(), "daemon").is_err());
    }
}
