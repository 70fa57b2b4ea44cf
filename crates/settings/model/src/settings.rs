//! The tree of settings as types.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::groups::{self, *};
use crate::{Error, Identifier, Motd, de};

groups::group! {
    // A field that is `None` is not set, which is different from being set to a
    // default.
    /// All groups of settings.
    Settings {
        /// The message shown to whoever logs in. Unset, there is none.
        motd: Motd,
        /// Parameters of the next boot.
        boot: Boot,
        /// What the running kernel is told.
        kernel: Kernel,
        /// The node's identity on the network, and its way out.
        network: Network,
        /// How the node looks up names.
        dns: Dns,
        /// Time synchronisation.
        ntp: Ntp,
        /// Certificates of authorities that the node may trust, by name.
        pki: BTreeMap<Identifier, CertificateAuthority>,
        /// Which updates the node takes, and from where.
        updates: Updates,
        /// What the node reports about its health.
        metrics: Metrics,
        /// Containers beside the orchestrator's for managing the node, by name.
        host_containers: BTreeMap<Identifier, HostContainer>,
        /// Containers that prepare the node while it boots, by name. They run in
        /// no order that could be relied on.
        bootstrap_containers: BTreeMap<Identifier, BootstrapContainer>,
        /// API calls that prepare the node while it boots, by name. They run in
        /// the order of their names.
        bootstrap_commands: BTreeMap<Identifier, BootstrapCommand>,
        /// Where the container runtimes pull images from, and as whom.
        container_registry: ContainerRegistry,
        /// The containerd that runs the orchestrator's containers.
        container_runtime: ContainerRuntime,
        /// Programs that extend containerd.
        container_runtime_plugins: ContainerRuntimePlugins,
        /// Programs that containerd asks before it pulls an image.
        image_verifier_plugins: ImageVerifierPlugins,
        /// What the orchestrator's containers may do and use.
        oci_defaults: OciDefaults,
        /// Programs that run when a container starts.
        oci_hooks: OciHooks,
        /// How the node's own programs reach AWS.
        aws: Aws,
        /// What the node reports to AWS CloudFormation.
        cloudformation: Cloudformation,
        /// How the node waits for its Auto Scaling group.
        autoscaling: Autoscaling,
        /// The kubelet, and the cluster that it belongs to.
        kubernetes: Kubernetes,
        /// Device plugins of the kubelet.
        kubelet_device_plugins: KubeletDevicePlugins,
        /// Drivers of Dynamic Resource Allocation.
        kubelet_dra_drivers: KubeletDraDrivers,
        /// How containers ask for NVIDIA's GPUs.
        nvidia_container_runtime: NvidiaContainerRuntime,
        /// The agent of Amazon ECS.
        ecs: Ecs,
    }
}

impl Settings {
    /// Reads a tree (the content of `settings`, without that word) and checks
    /// every value in it, each for itself.
    pub fn from_tree(tree: &Value) -> Result<Settings, Error> {
        de::read(tree)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Model;

    fn small() -> Model {
        Model::of(&["motd", "kernel", "network", "ntp"]).unwrap()
    }

    #[test]
    fn good_trees_are_normalised() {
        for (name, given, normal) in [
            ("nothing", json!({}), json!({})),
            (
                "not set is not stored",
                json!({"motd": null, "ntp": {"options": null}}),
                json!({}),
            ),
            (
                "empty groups vanish",
                json!({"kernel": {"sysctl": {}}}),
                json!({}),
            ),
            (
                "an empty list is a value",
                json!({"ntp": {"options": []}}),
                json!({"ntp": {"options": []}}),
            ),
            (
                "lines in motd",
                json!({"motd": "a\nb\n"}),
                json!({"motd": "a\nb\n"}),
            ),
            (
                "all groups",
                json!({
                    "ntp": {"time-servers": ["pool.ntp.org", "fd00:ec2::123"], "options": ["minpoll 1"]},
                    "network": {"hostname": "a.b-c"},
                    "kernel": {"sysctl": {"net.ipv4.ip_forward": "1"}},
                }),
                json!({
                    "kernel": {"sysctl": {"net.ipv4.ip_forward": "1"}},
                    "network": {"hostname": "a.b-c"},
                    "ntp": {"options": ["minpoll 1"], "time-servers": ["pool.ntp.org", "fd00:ec2::123"]},
                }),
            ),
        ] {
            assert_eq!(small().normalise(&given).unwrap(), normal, "{name}");
            small().validate(&given).unwrap();
        }
    }

    #[test]
    fn bad_trees_are_explained() {
        for (name, given, message, hint) in [
            (
                "a list",
                json!([]),
                "settings: invalid type: sequence, expected a group of settings",
                None,
            ),
            (
                "a group by position",
                json!({"ntp": [["a"], []]}),
                "settings.ntp: invalid type: sequence, expected a group of settings",
                None,
            ),
            (
                "unknown group",
                json!({"nto": {}}),
                "settings.nto: unknown field `nto`, expected one of `motd`, `kernel`, `network`, `ntp`",
                Some("did you mean `ntp`?"),
            ),
            (
                "unknown field",
                json!({"ntp": {"time-server": ["a"]}}),
                "settings.ntp.time-server: unknown field `time-server`, expected `time-servers` or `options`",
                Some("did you mean `time-servers`?"),
            ),
            (
                "far from any field",
                json!({"network": {"proxy": 1}}),
                "settings.network.proxy: unknown field `proxy`, expected one of `hostname`, `hosts`, `https-proxy`, `no-proxy`",
                None,
            ),
            (
                "the outer word",
                json!({"settings": {"motd": "a"}}),
                "settings.settings: unknown field `settings`, expected one of `motd`, `kernel`, `network`, `ntp`",
                Some("give the content of `settings`, without that word around it"),
            ),
            (
                "wrong type",
                json!({"motd": 5}),
                "settings.motd: invalid type: integer `5`, expected a string",
                None,
            ),
            (
                "wrong type deep down",
                json!({"ntp": {"time-servers": ["a", {}]}}),
                "settings.ntp.time-servers[1]: invalid type: map, expected a string",
                None,
            ),
            (
                "a string for a list",
                json!({"ntp": {"time-servers": "a"}}),
                "settings.ntp.time-servers: invalid type: string \"a\", expected a sequence",
                None,
            ),
            (
                "bad value",
                json!({"network": {"hostname": "-a"}}),
                "settings.network.hostname: invalid hostname `-a`: it must not start with `-` or `.`",
                None,
            ),
            (
                "bad name",
                json!({"kernel": {"sysctl": {"../x": "1"}}}),
                "settings.kernel.sysctl.\"../x\": invalid sysctl name `../x`: it must not start with `.` or `/`",
                None,
            ),
            (
                "null in a map",
                json!({"kernel": {"sysctl": {"a.b": null}}}),
                "settings.kernel.sysctl.\"a.b\": invalid type: null, expected a string",
                None,
            ),
            (
                "terminal escapes",
                json!({"\u{1b}[2J": 1}),
                "settings.\"\\u{1b}[2J\": unknown field `\\u{1b}[2J`, expected one of `motd`, `kernel`, `network`, `ntp`",
                None,
            ),
        ] {
            let error = small().normalise(&given).unwrap_err();
            assert_eq!(error.to_string(), message, "{name}");
            assert_eq!(error.hint(), hint, "{name}");
        }
    }

    #[test]
    fn errors_do_not_echo_without_end() {
        let error = small()
            .normalise(&json!({"a".repeat(1_000_000): "b"}))
            .unwrap_err();
        assert!(
            error.to_string().len() < 2000,
            "{}",
            error.to_string().len()
        );
    }
}
