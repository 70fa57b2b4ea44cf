//! One node through three boots: its first one with user data of which a disk has the
//! address; one after it was powered off, with a larger disk and other user data; and one
//! after it was reset in the middle of its work.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::SocketAddrV4;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use dev_protocol::{Check, Verdict};
use end_to_end_tests::{BOOT, Denial, Image, api, denials, direct, disk, machine};
use fake_http_server::{Answer, FakeTcpServer};
use pinned_url::PinnedUrl;
use serde_json::{Value, json};
use vm::{Channel, Medium, Network, Node, Service, UserData};

const FIRST_USER_DATA: &str = "\
[settings]
motd = \"from user data\"

[settings.ntp]
time-servers = [\"ntp.example.com\"]

[settings.kernel.sysctl]
\"vm.swappiness\" = \"17\"

[settings.network]
hostname = \"first-light\"
";
const SECOND_USER_DATA: &str = "[settings]\nmotd = \"from changed user data\"\n";

const VOLUME_BYTES: u64 = 4 << 20;
const FIRST_DISK_GIB: u64 = 4;
const SECOND_DISK_GIB: u64 = 6;
const GIB: u64 = 1 << 30;

/// A file in `/etc` that only the first boot makes.
const EDITED: &str = "/etc/edited-by-hand";

const POWER_OFF: Duration = Duration::from_secs(120);

/// What was seen in one boot.
#[derive(Debug)]
struct Boot {
    state: String,
    denials: BTreeSet<Denial>,
    settings: Value,
    motd: String,
    swappiness: String,
    hostname: String,
    edited: bool,
    private: Partition,
    data: Partition,
    data_size: u64,
    machine_id: String,
    kernel_log: String,
}

/// Identities of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Partition {
    partition: String,
    file_system: String,
}

/// The three boots, how the first one ended, and what its console said then.
#[derive(Debug)]
struct History {
    boots: [Boot; 3],
    end: String,
    last_words: String,
}

impl Boot {
    fn look(node: &Node) -> Result<Boot> {
        let state = node.wait_ready(BOOT)?;
        let channel = node.channel();
        let text = |path: &str| {
            let contents = channel.read_file(path)?;
            Ok::<_, vm::Error>(contents.data.text().trim().to_owned())
        };
        Ok(Boot {
            state,
            denials: denials(channel)?,
            settings: api::settings(channel)?,
            motd: text("/etc/motd")?,
            swappiness: text("/proc/sys/vm/swappiness")?,
            hostname: text("/proc/sys/kernel/hostname")?,
            edited: channel
                .list("/etc")?
                .iter()
                .any(|name| EDITED.ends_with(name)),
            private: Partition::find(channel, "PRIVATE")?,
            data: Partition::find(channel, "DATA")?,
            data_size: channel.file_system_size("/local")?,
            machine_id: text("/etc/machine-id")?,
            kernel_log: channel.output(&["/usr/bin/journalctl", "-b", "-k", "-o", "cat"])?,
        })
    }
}

impl Partition {
    fn find(channel: &Channel, label: &str) -> Result<Partition> {
        let name = format!("--name=/dev/disk/by-system/{label}");
        let info = channel.output(&["/usr/bin/udevadm", "info", "--query=property", &name])?;
        let property = |name: &str| {
            let line = info
                .lines()
                .find_map(|l| l.strip_prefix(name)?.strip_prefix('='));
            line.map(str::to_owned)
                .ok_or_else(|| anyhow!("{label} has no {name}:\n{info}"))
        };
        Ok(Partition {
            partition: property("ID_PART_ENTRY_UUID")?,
            file_system: property("ID_FS_UUID")?,
        })
    }
}

fn live() -> Result<History> {
    let image = Image::find()?;
    let mut options = machine(&image, "history", direct(&image)?)?;
    options.disk = disk(&image, FIRST_DISK_GIB);
    // What an installer leaves on a disk where the user data lie elsewhere.
    let folder = tempfile::tempdir()?;
    let server = FakeTcpServer::start(|_| Answer::ok(FIRST_USER_DATA));
    let there = SocketAddrV4::new([169, 254, 1, 1].into(), 80);
    let address = PinnedUrl::of(
        &format!("http://{there}/node.toml"),
        FIRST_USER_DATA.as_bytes(),
    )?;
    let volume = folder.path().join("cidata.img");
    let file = File::create_new(&volume)?;
    file.set_len(VOLUME_BYTES)?;
    let line = format!("{address}\n").into_bytes();
    fat::make(
        fat::Region::new(&file, 0, VOLUME_BYTES),
        512,
        "CIDATA",
        1,
        &vec![("user-data-url".to_owned(), Some(line))],
    )?;
    options.media = vec![Medium::Disk(volume)];
    options.network = Some(Network {
        services: vec![Service {
            address: there,
            command: vec![
                env!("CARGO_BIN_EXE_relay").to_owned(),
                server.address().to_string(),
            ],
        }],
        ..Network::default()
    });
    // Which says that there is one.
    options.identity.serial = Some("ds=nocloud".to_owned());
    let node = Node::start(&options)?;
    let first = Boot::look(&node)?;
    let edit = node.channel().probe(
        Check::Create {
            path: EDITED.to_owned(),
        },
        None,
    )?;
    ensure!(edit == Verdict::Ok, "failed to make {EDITED}: {edit}");
    api::set(node.channel(), &["motd=from the API"])?;
    let mark = node.console().mark();
    let status = node.power_off(POWER_OFF)?;
    ensure!(status.success(), "QEMU ended with {status}");
    let end = node.shutdown_reason()?;
    let last_words = node.console().text_from(mark);
    drop(node);

    options.disk = disk(&image, SECOND_DISK_GIB);
    options.media.clear();
    options.user_data = Some(UserData::FirmwareConfiguration(SECOND_USER_DATA.into()));
    let node = Node::start(&options)?;
    let second = Boot::look(&node)?;
    api::set(node.channel(), &["motd=just before the reset"])?;
    node.reset()?;
    let third = Boot::look(&node)?;
    Ok(History {
        boots: [first, second, third],
        end,
        last_words,
    })
}

fn history() -> Result<&'static History> {
    static HISTORY: OnceLock<Result<History, String>> = OnceLock::new();
    HISTORY
        .get_or_init(|| live().map_err(|e| format!("{e:?}")))
        .as_ref()
        .map_err(|e| anyhow!("the node did not live through its boots: {e}"))
}

#[test]
fn every_boot_is_healthy() -> Result<()> {
    for (number, boot) in history()?.boots.iter().enumerate() {
        assert_eq!(boot.state, "running", "boot {number}");
        let list: Vec<String> = boot.denials.iter().map(ToString::to_string).collect();
        assert!(
            list.is_empty(),
            "boot {number} denies:\n{}",
            list.join("\n")
        );
    }
    Ok(())
}

#[test]
fn user_data_is_in_force_after_the_first_boot() -> Result<()> {
    let [first, ..] = &history()?.boots;
    assert_eq!(first.settings["motd"], "from user data");
    assert_eq!(
        first.settings["ntp"]["time-servers"],
        json!(["ntp.example.com"])
    );
    assert_eq!(first.motd, "from user data");
    assert_eq!(first.swappiness, "17");
    assert_eq!(first.hostname, "first-light");
    Ok(())
}

#[test]
fn settings_survive_and_user_data_is_read_once() -> Result<()> {
    let [_, second, _] = &history()?.boots;
    // Set through the API in the first boot; other user data came since.
    assert_eq!(second.settings["motd"], "from the API");
    assert_eq!(second.motd, "from the API");
    // From the user data of the first boot.
    assert_eq!(
        second.settings["ntp"]["time-servers"],
        json!(["ntp.example.com"])
    );
    assert_eq!(second.swappiness, "17");
    assert_eq!(second.hostname, "first-light");
    Ok(())
}

#[test]
fn a_committed_setting_survives_a_reset() -> Result<()> {
    let [_, _, third] = &history()?.boots;
    assert_eq!(third.settings["motd"], "just before the reset");
    assert_eq!(third.motd, "just before the reset");
    Ok(())
}

#[test]
fn edits_of_etc_are_gone_after_a_restart() -> Result<()> {
    let [_, second, third] = &history()?.boots;
    assert!(!second.edited && !third.edited);
    Ok(())
}

#[test]
fn partitions_and_machine_are_made_once() -> Result<()> {
    let [first, others @ ..] = &history()?.boots;
    for later in others {
        assert_eq!(first.private, later.private);
        assert_eq!(first.data, later.data);
        assert_eq!(first.machine_id, later.machine_id);
    }
    Ok(())
}

#[test]
fn data_grows_with_the_disk() -> Result<()> {
    let [first, second, third] = &history()?.boots;
    let grown = second.data_size.saturating_sub(first.data_size);
    // The file system's own tables take their share.
    let added = (SECOND_DISK_GIB - FIRST_DISK_GIB) * GIB;
    assert!(
        grown > added * 9 / 10,
        "{} -> {} bytes",
        first.data_size,
        second.data_size
    );
    assert_eq!(second.data_size, third.data_size);
    Ok(())
}

#[test]
fn power_off_is_clean() -> Result<()> {
    let history = history()?;
    assert_eq!(history.end, "guest-shutdown");
    // By then nobody writes the journal.
    assert!(
        !history.last_words.contains("Permission denied"),
        "{}",
        history.last_words
    );
    // ext4 says so when it finds work that was cut off.
    let recovered = |boot: &Boot| boot.kernel_log.contains("recovery complete");
    let [first, second, _] = &history.boots;
    assert!(
        !recovered(first) && !recovered(second),
        "{}",
        second.kernel_log
    );
    Ok(())
}
