//! A container instance of ECS on EC2, with a program in the place of the agent.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, instance_of_ec2, machine};
use fake_imds::Instance;
use vm::{Channel, Node};

const USER_DATA: &str = "\
[settings.ecs]
cluster = \"batch\"
[settings.ecs.instance-attributes]
\"com.example.rack\" = \"r12\"
[[settings.container-registry.credentials]]
registry = \"registry.example\"
username = \"u\"
password = \"p\"
";

/// How long the agent, or a change of settings, may take.
const LIMIT: Duration = Duration::from_secs(120);

fn wait_until_said(channel: &Channel, wanted: &str) -> Result<String> {
    let deadline = Instant::now() + LIMIT;
    let journal = ["-b", "-o", "cat", "-u", "ecs.service", "--no-pager"];
    loop {
        let said = channel.output(&[&["/usr/bin/journalctl"][..], &journal].concat())?;

        if said.contains(wanted) {
            return Ok(said);
        }
        ensure!(Instant::now() < deadline, "no `{wanted}` in:\n{said}");
        ensure!(!said.contains("Job ecs.service"), "{said}");
        ensure!(!said.contains("failed: "), "{said}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
#[ignore = "scripts/check-machines runs it: it builds another image"]
fn the_agent_finds_what_it_needs() -> Result<()> {
    let stand_in = env!("CARGO_BIN_EXE_stand-in-ecs-agent");
    let image = Image::with_external("aws-ecs", &format!("amazon-ecs-agent={stand_in}"))?;
    let mut options = machine(&image, "ecs", direct(&image)?)?;
    options.disk = disk(&image, 5);
    options.reboot = false;
    let instance = Instance {
        region: "eu-central-1".to_owned(),
        user_data: Some(USER_DATA.to_owned()),
        ..Instance::default()
    };
    let _server = instance_of_ec2(&mut options, &instance, env!("CARGO_BIN_EXE_relay"))?;
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();

    let said = wait_until_said(channel, "ready\n")?;
    for expected in [
        "AWS_DEFAULT_REGION=eu-central-1",
        "ECS_CLUSTER=batch",
        "ECS_ENGINE_AUTH_DATA={\"registry.example\":{\"auth\":\"dTpw\"}}",
        "ECS_INSTANCE_ATTRIBUTES={\"com.example.rack\":\"r12\"}",
        "ECS_SELINUX_CAPABLE=true",
        "label \"system_u:system_r:container_t:s0:c",
    ] {
        ensure!(said.contains(expected), "no `{expected}` in:\n{said}");
    }
    // What containers say is in the journal, by their name.
    let task = [
        "/usr/bin/journalctl",
        "-b",
        "-o",
        "cat",
        "CONTAINER_NAME=task",
    ];
    let task = channel.output(&task)?;
    ensure!(task.starts_with("apiclient "), "{task}");
    let status = api::get(channel, "/status")?;
    ensure!(status["degraded"] == false, "{status}");

    // Changed settings reach it.
    api::set(channel, &["ecs.cluster=other"])?;
    wait_until_said(channel, "ECS_CLUSTER=other")?;
    let denials = denials(channel)?;
    ensure!(denials.is_empty(), "{denials:?}");
    Ok(())
}
