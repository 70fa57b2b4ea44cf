//! A node of Kubernetes on EC2, with a program in the place of kubelet.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, instance_of_ec2, machine};
use fake_imds::Instance;
use vm::{Channel, Node};

const EKS_NODE: &str = include_str!("../fixtures/user-data/eks-node.toml");

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB5xJ5k9a1b0 me";

/// What the program in kubelet's place makes pods of.
const POD_IMAGE: &str = "localhost/pod:1";

/// How long pods, or a change of settings, may take on an emulated machine.
const LIMIT: Duration = Duration::from_secs(180);

/// What the stand-in said, each time that it was started.
fn said(channel: &Channel) -> Result<String> {
    let journal = ["-b", "-o", "cat", "-u", "kubelet.service", "--no-pager"];
    Ok(channel.output(&[&["/usr/bin/journalctl"][..], &journal].concat())?)
}

fn wait_until_said(channel: &Channel, wanted: &str) -> Result<String> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let said = said(channel)?;
        if said.contains(wanted) {
            return Ok(said);
        }
        let has_failed = said.contains("failed: ") || Instant::now() >= deadline;
        ensure!(
            !has_failed,
            "no `{wanted}` in:\n{said}\n{:#?}",
            denials(channel)?
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The user data of a node of EKS, without what it asks of other machines.
fn user_data() -> Result<String> {
    let mut document: toml::Table = toml::from_str(EKS_NODE)?;
    let settings = document["settings"].as_table_mut().expect("settings");
    for name in ["bootstrap-containers", "host-containers", "network"] {
        settings.remove(name);
    }
    let manifest = STANDARD.encode("apiVersion: v1\nkind: Pod\n");
    let pods = format!("[static-pods.proxy]\nenabled = true\nmanifest = '{manifest}'\n");
    let kubernetes = settings["kubernetes"].as_table_mut().expect("kubernetes");
    kubernetes.extend(toml::from_str::<toml::Table>(&pods)?);
    kubernetes.insert("pod-infra-container-image".to_owned(), POD_IMAGE.into());
    Ok(toml::to_string(&document)?)
}

#[test]
fn kubelet_finds_what_it_needs() -> Result<()> {
    let stand_in = env!("CARGO_BIN_EXE_stand-in-kubelet");
    let image = Image::with_external("aws-k8s", &format!("kubelet={stand_in}"))?;
    let mut options = machine(&image, "kubernetes", direct(&image)?)?;
    options.disk = disk(&image, 5);
    options.reboot = false;
    let instance = Instance {
        region: "eu-central-1".to_owned(),
        user_data: Some(user_data()?),
        role: Some("node".to_owned()),
        keys: vec![("me".to_owned(), KEY.to_owned())],
    };
    let server = instance_of_ec2(&mut options, &instance, env!("CARGO_BIN_EXE_relay"))?;
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();

    // Nothing is asked of the metadata service without a token.
    assert_eq!(
        server.lines()[..3],
        [
            "PUT /latest/api/token",
            "GET /latest/dynamic/instance-identity/document",
            "GET /latest/user-data",
        ]
    );
    let said = wait_until_said(channel, "ready\n")?;
    assert!(said.contains("static pods: proxy\n"), "{said}");
    assert!(said.contains("token of k8s-aws-v1\n"), "{said}");
    let labels = "--node-labels=node.example.com/pool=general,topology.example.com/rack=r12";
    assert!(said.contains(labels), "{said}");
    assert!(said.contains("--cloud-provider=external"), "{said}");
    // Pods have a network, with plugins of the image and one that a pod brought.
    for expected in [
        "pod: system_u:system_r:container_t:s0:c",
        "pod: system_u:system_r:privileged_t:s0 at 10.9.0.3\n",
        "pod: system_u:system_r:privileged_t:s0:c",
        "plugin: system_u:system_r:cni_t:s0\n",
        " at 10.9.0.2\n",
        " at 10.9.0.4\n",
    ] {
        assert!(said.contains(expected), "no {expected}{said}");
    }
    let status = api::get(channel, "/status")?;
    assert_eq!(status["degraded"], false, "{status}");
    // Who started the instance may enter its admin container.
    let admin = api::settings(channel)?["host-containers"]["admin"]["user-data"].clone();
    let admin = STANDARD.decode(admin.as_str().unwrap_or_default())?;
    let expected = format!(r#"{{"ssh":{{"authorized-keys":["{KEY}"]}}}}"#);
    assert_eq!(String::from_utf8(admin)?, expected);

    // Changed settings reach it.
    api::set(channel, &["kubernetes.hostname-override=node-7"])?;
    let said = wait_until_said(channel, "--hostname-override=node-7")?;
    assert_eq!(said.matches("started with").count(), 2, "{said}");
    api::set(channel, &["kubernetes.static-pods.proxy.enabled=false"])?;
    let deadline = Instant::now() + LIMIT;
    while channel
        .read_file("/etc/kubernetes/static-pods/proxy")
        .is_ok()
    {
        ensure!(Instant::now() < deadline, "the static pod is still there");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);
    Ok(())
}
