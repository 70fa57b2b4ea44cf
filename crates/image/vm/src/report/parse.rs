//! The texts a report is read from.

use serde_json::Value;

/// A line of `/proc/self/mounts`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub device: String,
    pub file_system: String,
    pub read_only: bool,
}

/// What is mounted on `/`: the last such line, because it covers the others.
pub(super) fn root_mount(mounts: &str) -> Option<Mount> {
    mounts.lines().rev().find_map(|line| {
        let mut fields = line.split(' ');
        let device = fields.next()?.to_owned();
        (fields.next()? == "/").then_some(())?;
        let file_system = fields.next()?.to_owned();
        let read_only = fields.next()?.split(',').any(|o| o == "ro");
        Some(Mount {
            device,
            file_system,
            read_only,
        })
    })
}

/// The value of a `NAME=VALUE` line, as in os-release, uevent files and
/// `systemctl show`; quotes around it are removed.
pub(super) fn assignment(text: &str, name: &str) -> Option<String> {
    let value = text
        .lines()
        .find_map(|l| l.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

/// A property in microseconds, as seconds. Zero means that it never happened.
pub(super) fn microseconds(text: &str, name: &str) -> Option<f64> {
    let value: u64 = assignment(text, name)?.parse().ok()?;
    (value > 0).then_some(value as f64 / 1e6)
}

/// The value of an argument of the kernel command line.
pub(super) fn kernel_argument(cmdline: &str, name: &str) -> Option<String> {
    let value = |word: &str| Some(word.strip_prefix(name)?.strip_prefix('=')?.to_owned());
    cmdline.split_whitespace().find_map(value)
}

/// When the kernel started the initramfs' init, in seconds after its own
/// start, from its log in journald's JSON form.
pub(super) fn init_start(log: &str) -> Option<f64> {
    log.lines().find_map(|line| {
        let entry: Value = serde_json::from_str(line).ok()?;
        let message = entry["MESSAGE"].as_str()?;
        message
            .starts_with("Run /init as init process")
            .then_some(())?;
        let time: u64 = entry["_SOURCE_MONOTONIC_TIMESTAMP"]
            .as_str()?
            .parse()
            .ok()?;
        Some(time as f64 / 1e6)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topmost_root_counts() {
        let mounts = "rootfs / rootfs rw 0 0\n/dev/dm-0 / erofs ro,seclabel,relatime 0 0\ntmpfs /etc tmpfs rw 0 0\n";
        let mount = root_mount(mounts).unwrap();
        assert_eq!(
            (mount.device.as_str(), mount.file_system.as_str()),
            ("/dev/dm-0", "erofs")
        );
        assert!(mount.read_only);
        assert!(
            !root_mount("/dev/vda / ext4 rw,errors=remount-ro 0 0")
                .unwrap()
                .read_only
        );
        assert_eq!(root_mount("proc /proc proc rw 0 0\n\n/dev"), None);
    }

    #[test]
    fn values_are_found_by_their_whole_name() {
        let text = "ID=bottlerocket\nPRETTY_NAME=\"Bottlerocket OS\"\nNAME_X=1\nEMPTY=\n";
        let cases = [
            ("ID", Some("bottlerocket")),
            ("PRETTY_NAME", Some("Bottlerocket OS")),
            ("NAME", None),
            ("EMPTY", Some("")),
        ];
        for (name, expected) in cases {
            assert_eq!(assignment(text, name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn times_are_seconds_and_zero_is_never() {
        let cases = [
            ("T=1500000", Some(1.5)),
            ("T=0", None),
            ("T=", None),
            ("T=x", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(microseconds(text, "T"), expected, "{text}");
        }
    }

    #[test]
    fn kernel_arguments_are_words() {
        let cmdline = "console=ttyS0 xroothash=00 roothash=ab12 quiet\n";
        assert_eq!(
            kernel_argument(cmdline, "roothash").as_deref(),
            Some("ab12")
        );
        assert_eq!(kernel_argument(cmdline, "quiet"), None);
    }

    #[test]
    fn the_start_of_init_is_found_in_the_journal() {
        let log = r#"{"MESSAGE":"Linux version","_SOURCE_MONOTONIC_TIMESTAMP":"0"}
not json
{"MESSAGE":[1,2]}
{"MESSAGE":"Run /init as init process","_SOURCE_MONOTONIC_TIMESTAMP":"1234000"}"#;
        assert_eq!(init_start(log), Some(1.234));
        assert_eq!(init_start(""), None);
    }
}
