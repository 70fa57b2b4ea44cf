//! Host containers on a booted node: pulled from a registry, run, confined, stopped.

mod guarded;
mod oracle;
mod own;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end_tests::registry::Registry;
use end_to_end_tests::{BOOT, Image, api, denials, disk, machine, through_firmware};
use vm::{Channel, Network, Node, Service, UserData};

/// Where the guest sees the registry.
const SERVER: &str = "169.254.1.1:5000";
const CONTROL: &str = "host-containers@control";
const ADMIN: &str = "host-containers@admin";
const PAUSE: Duration = Duration::from_millis(500);

/// What an ordinary container tries; each line that it prints is a fact.
const ORDINARY: &str = "\
    echo label $(cat /proc/self/attr/current); \
    echo layer $(cat /etc/layer) hidden $(ls /etc/hidden 2>&1); \
    echo user-data $(cat /.bottlerocket/host-containers/current/user-data); \
    echo api $(apiclient get os.variant_id 2>&1); \
    echo init $(cat /proc/1/comm); \
    echo rootfs $(ls /.bottlerocket/rootfs 2>&1); \
    echo mount $(mount -t tmpfs none /tmp 2>&1); \
    echo unshare $(unshare -m echo made 2>&1); \
    echo device $(mknod /tmp/disk b $(tr : ' ' </sys/block/vda/dev) 2>&1; dd if=/tmp/disk bs=1 count=1 2>&1); \
    echo runtime $(ls /run/host-ctr 2>&1); \
    echo done; trap 'echo ends; exit 7' TERM; while true; do sleep 1; done";

/// What a superpowered one can do beside that.
const SUPERPOWERED: &str = "\
    echo label $(cat /proc/self/attr/current); \
    echo rootfs $(cat /.bottlerocket/rootfs/usr/lib/os-release); \
    echo init $(cat /proc/1/comm); \
    echo done; while true; do sleep 1; done";

/// What prepares the node sees the files of the host.
const BOOTSTRAP: &str = "\
    echo label $(cat /proc/self/attr/current); \
    echo rootfs $(cat /.bottlerocket/rootfs/usr/lib/os-release); \
    echo done";

fn user_data() -> String {
    format!(
        "[settings.host-containers.control]\nenabled = true\n\
         source = \"registry.example:5000/busybox:1\"\nuser-data = \"aGVsbG8K\"\n\
         command = [\"/bin/sh\", \"-c\", \"{ORDINARY}\"]\n\
         [settings.host-containers.admin]\nenabled = true\nsuperpowered = true\n\
         source = \"registry.example:5000/busybox:1\"\n\
         command = [\"/bin/sh\", \"-c\", \"{SUPERPOWERED}\"]\n\
         [settings.bootstrap-commands.greet]\nmode = \"once\"\nessential = true\n\
         commands = [[\"apiclient\", \"set\", \"motd=set while it boots\"]]\n\
         [settings.bootstrap-containers.prepare]\nmode = \"once\"\nessential = true\n\
         source = \"registry.example:5000/busybox:1\"\n\
         command = [\"/bin/sh\", \"-c\", \"{BOOTSTRAP}\"]\n\
         [settings.container-registry]\n\
         mirrors = [{{registry = \"registry.example:5000\", endpoint = [\"http://{SERVER}\"]}}]\n"
    )
}

/// What a container has printed, once there are as many lines with a text.
fn printed(channel: &Channel, unit: &str, until: &str, times: usize) -> Result<String> {
    let deadline = Instant::now() + BOOT;
    let journal = ["/usr/bin/journalctl", "-b", "-o", "cat", "-u", unit];
    loop {
        let text = channel.output(&journal)?;
        let said = text.lines().filter(|line| line.trim() == until);
        if said.count() >= times {
            return Ok(text);
        }
        ensure!(
            Instant::now() < deadline,
            "{unit} has not said `{until}`: {text}"
        );
        std::thread::sleep(PAUSE);
    }
}

/// The rest of the line that begins with a word.
fn fact<'a>(text: &'a str, word: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_default().trim()
}

#[test]
fn host_containers_run_confined_and_end_when_told() -> Result<()> {
    let registry = Registry::start("containers-registry")?;
    registry.push_busybox("busybox:1")?;
    let image = Image::find()?;
    let mut options = machine(&image, "containers", through_firmware())?;
    options.disk = disk(&image, 5);
    options.user_data = Some(UserData::FirmwareConfiguration(user_data().into()));
    let relay = env!("CARGO_BIN_EXE_relay").to_owned();
    options.network = Some(Network {
        services: vec![Service {
            address: SERVER.parse()?,
            command: vec![relay, registry.address().to_string()],
        }],
        ..Network::default()
    });
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();

    // The node was ready only after what is essential had been done, once.
    let bootstrap = printed(channel, "bootstrap-containers@prepare", "done", 1)?;
    ensure!(
        fact(&bootstrap, "label").starts_with("system_u:system_r:super_t:s0"),
        "{bootstrap}"
    );
    ensure!(
        fact(&bootstrap, "rootfs").contains("Bottlerocket"),
        "{bootstrap}"
    );
    let settings = api::settings(channel)?;
    assert_eq!(settings["motd"], "set while it boots");
    assert_eq!(settings["bootstrap-commands"]["greet"]["mode"], "off");
    assert_eq!(settings["bootstrap-containers"]["prepare"]["mode"], "off");
    assert_eq!(api::get(channel, "/status")?["degraded"], false);

    let control = printed(channel, CONTROL, "done", 1)?;
    let label = fact(&control, "label");
    ensure!(
        label.starts_with("system_u:system_r:control_t:s0:c"),
        "{control}"
    );
    ensure!(
        fact(&control, "layer").starts_with("of the upper layer hidden ls:"),
        "{control}"
    );
    assert_eq!(fact(&control, "user-data"), "hello");
    ensure!(fact(&control, "api").contains("metal-dev"), "{control}");
    for (word, refusal) in [
        ("rootfs", "No such file"),
        ("mount", "ermission denied"),
        ("unshare", "not permitted"),
        ("runtime", "No such file"),
        ("device", "ermission denied"),
    ] {
        ensure!(fact(&control, word).contains(refusal), "{word}: {control}");
    }
    // Its own first process, not that of the host.
    assert_eq!(fact(&control, "init"), "sh");

    let admin = printed(channel, ADMIN, "done", 1)?;
    ensure!(
        fact(&admin, "label").starts_with("system_u:system_r:super_t:s0"),
        "{admin}"
    );
    ensure!(fact(&admin, "rootfs").contains("Bottlerocket"), "{admin}");
    assert_eq!(fact(&admin, "init"), "systemd");

    // What the ordinary one was refused shows as denials of its own, and no others.
    let unexpected: Vec<String> = denials(channel)?
        .into_iter()
        .filter(|denial| !denial.source.contains(":control_t:"))
        .map(|denial| denial.to_string())
        .collect();
    ensure!(unexpected.is_empty(), "{unexpected:#?}");

    // A change of settings reaches the units: one ends by itself, the other one is
    // made to.
    api::set(channel, &["host-containers.control.enabled=false"])?;
    let control = printed(channel, CONTROL, "ends", 1)?;
    ensure!(!control.contains("did not end"), "{control}");
    // Without its registry it starts with what is there.
    drop(registry);
    api::set(channel, &["host-containers.control.enabled=true"])?;
    let control = printed(channel, CONTROL, "done", 2)?;
    ensure!(
        control.contains("control ended: exit status: 7"),
        "{control}"
    );
    ensure!(control.contains("from before"), "{control}");
    let state = [
        "/usr/bin/systemctl",
        "is-active",
        "host-containers@admin.service",
    ];
    assert_eq!(channel.output(&state)?.trim(), "active");
    Ok(())
}
