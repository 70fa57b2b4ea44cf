//! `settings.kubernetes`: the kubelet, and the cluster that it belongs to.
//!
//! One struct, since all keys are on one level; the types of their values are
//! in one file per topic.

mod eviction;
mod identity;
mod kubelet;
mod resources;
mod workloads;

use std::collections::BTreeMap;

pub use eviction::{EvictionGracePeriods, EvictionThresholds};
pub use identity::{AuthenticationMode, CloudProvider, HostnameOverrideSource};
pub use kubelet::{
    CpuManagerPolicy, CpuManagerPolicyOption, MemoryManagerPolicy, MemorySwapBehavior,
    TopologyManagerPolicy, TopologyManagerScope,
};
pub use resources::{ReservedMemory, ReservedResources};
pub use workloads::{CredentialProvider, StaticPod};

use super::group;
use crate::{
    Base64, BootstrapToken, Bounded, ClusterName, CpuSet, DnsDomain, GoDuration, Hostname,
    Identifier, IpAddress, LabelKey, LabelValue, List, NonNegative, NumaNode, OneOrMany,
    Percentage, Positive, Quantity, SingleLineString, Taint, Url,
};

group! {
    /// The kubelet, and the cluster that it belongs to.
    Kubernetes {
        // The cluster, and who the node is in it.

        /// The name of the cluster.
        cluster_name: ClusterName,
        /// The certificate authority of the cluster: a PEM bundle in base64.
        cluster_certificate: Base64,
        /// The URL of the cluster's API server.
        api_server: Url,
        /// How the kubelet proves to the API server who it is. Unset, the
        /// variant decides: `aws` on AWS, `tls` elsewhere.
        authentication_mode: AuthenticationMode,
        /// The token with which the kubelet asks for its first certificate, in
        /// authentication mode `tls`.
        bootstrap_token: BootstrapToken,
        /// Whether the kubelet runs without an API server, with static pods
        /// only. Unset means no.
        standalone_mode: bool,
        /// Whether the kubelet asks the API server to sign the certificate of its
        /// own server. Someone has to approve such requests. Unset means yes.
        server_tls_bootstrap: bool,
        /// The certificate of the kubelet's own server: PEM in base64. Unset, it
        /// is requested or made, see `server-tls-bootstrap`.
        server_certificate: Base64,
        /// The private key of `server-certificate`: PEM in base64.
        server_key: Base64,
        /// Who tells the cluster about the machine below the node. Unset, the
        /// variant decides.
        cloud_provider: CloudProvider,
        /// What the provider of the machine calls it, such as
        /// `aws:///us-west-2a/i-0123456789abcdef0`. Unset, it is found out on
        /// AWS.
        provider_id: Url,
        /// The name of the node in the cluster. Unset, see
        /// `hostname-override-source`.
        hostname_override: Hostname,
        /// Where the name of the node comes from on AWS, unless
        /// `hostname-override` names it. Unset means `private-dns-name`.
        hostname_override_source: HostnameOverrideSource,
        /// The IP address under which the node registers. Unset, the one it
        /// reaches the network with.
        node_ip: IpAddress,
        /// The IP address of the cluster's DNS service, or a list of addresses.
        /// Unset, it is found out on AWS.
        cluster_dns_ip: OneOrMany<IpAddress>,
        /// The DNS domain of the cluster. Unset means `cluster.local`.
        cluster_domain: DnsDomain,
        /// Was the image of the container that holds a pod together. The system
        /// brings that image with it: this is accepted, and does nothing.
        pod_infra_container_image: SingleLineString,

        // What the node says about itself, and what runs on it.

        /// Labels with which the node registers. A change takes effect only
        /// when it registers anew.
        #[schemars(extend("x-name" = "key"))]
        node_labels: BTreeMap<LabelKey, LabelValue>,
        /// Taints with which the node registers: by key a list of values with
        /// their effects, such as `["true:NoSchedule"]`; an only one may stand
        /// without the list. A change takes effect only when it registers anew.
        #[schemars(extend("x-name" = "key"))]
        node_taints: BTreeMap<LabelKey, List<Taint>>,
        /// Pods that the kubelet runs without being told by the API server.
        static_pods: BTreeMap<Identifier, StaticPod>,
        /// Whether the kubelet runs static pods at all. Unset means yes.
        static_pods_enabled: bool,
        /// sysctl parameters that pods may set although other pods may suffer;
        /// `*` at the end of a name stands for any rest. Unset allows none.
        allowed_unsafe_sysctls: Vec<SingleLineString>,
        /// Programs that give the kubelet credentials for registries, by the
        /// name of the program.
        #[schemars(extend("x-name" = "program"))]
        credential_providers: BTreeMap<Identifier, CredentialProvider>,
        /// Whether pods without a seccomp profile get the container runtime's.
        /// Unset, the version of Kubernetes decides.
        seccomp_default: bool,
        /// Whether devices in a container belong to the user and group of its
        /// security context. Unset, the version of Kubernetes decides.
        device_ownership_from_security_context: bool,

        // What is left for pods, and what happens when it runs out.

        /// At which shortage pods are ended at once. Unset leaves the kubelet's
        /// thresholds.
        eviction_hard: EvictionThresholds,
        /// At which shortage pods are ended if it lasts; each needs an entry in
        /// `eviction-soft-grace-period`. Unset ends none.
        eviction_soft: EvictionThresholds,
        /// How long a shortage of `eviction-soft` has to last.
        eviction_soft_grace_period: EvictionGracePeriods,
        /// How long, in seconds, a pod may take to stop when it is ended for a
        /// shortage of `eviction-soft`. Unset means 0.
        eviction_max_pod_grace_period: NonNegative,
        /// What the kubelet and the container runtime get before pods. Unset, it
        /// is computed from the size of the machine and `max-pods`.
        kube_reserved: ReservedResources,
        /// What the rest of the system gets before pods. Unset means nothing.
        system_reserved: ReservedResources,
        /// The processors that pods do not get, such as `0,3-5`. Unset leaves
        /// all to them.
        reserved_cpus: CpuSet,
        /// How many pods the node runs. Unset, on AWS what its network
        /// interfaces have addresses for; elsewhere 110.
        max_pods: NonNegative,
        /// How many processes a pod may have; -1 is no limit. Unset means 1048576.
        pod_pids_limit: i64,
        /// How memory and NUMA nodes are given to containers. Unset means
        /// `None`.
        memory_manager_policy: MemoryManagerPolicy,
        /// What is kept from pods on each NUMA node, with policy `Static` of
        /// `memory-manager-policy`. In sum it has to be what `kube-reserved`,
        /// `system-reserved` and `eviction-hard` keep.
        #[schemars(extend("x-name" = "node"))]
        memory_manager_reserved_memory: BTreeMap<NumaNode, ReservedMemory>,
        /// Which pods may use swap, if there is any. Unset means `NoSwap`.
        memory_swap_behavior: MemorySwapBehavior,

        // How the kubelet works.

        /// How many images the kubelet starts to pull per second; 0 is no limit.
        /// Unset means 5.
        registry_qps: NonNegative,
        /// How many pulls may start at once while `registry-qps` is kept on
        /// average. Unset means 10.
        registry_burst: NonNegative,
        /// How many events the kubelet sends per second; 0 is no limit. Unset
        /// means 50.
        event_qps: NonNegative,
        /// How many events may be sent at once while `event-qps` is kept on
        /// average. Unset means 100.
        event_burst: NonNegative,
        /// How many requests the kubelet sends to the API server per second.
        /// Unset means 50.
        kube_api_qps: NonNegative,
        /// How many requests may be sent at once while `kube-api-qps` is kept on
        /// average. Unset means 100.
        kube_api_burst: NonNegative,
        /// How many log files of a container are kept, at least 2. Unset means
        /// 5.
        container_log_max_files: Bounded<2, { i32::MAX as i64 }>,
        /// The size at which a new log file is begun. Unset means `10Mi`.
        container_log_max_size: Quantity,
        /// How many logs are rotated at the same time. For Kubernetes 1.30 and
        /// later. Unset means 1.
        container_log_max_workers: Positive,
        /// How often log files are looked at for rotation, at least every `3s`.
        /// For Kubernetes 1.30 and later. Unset means `10s`.
        container_log_monitor_interval: GoDuration,
        /// Whether limits on processor time are enforced. Unset means yes.
        cpu_cfs_quota_enforced: bool,
        /// How processors are given to containers. Unset means `none`.
        cpu_manager_policy: CpuManagerPolicy,
        /// Refinements of policy `static` of `cpu-manager-policy`. Unset means
        /// none.
        cpu_manager_policy_options: Vec<CpuManagerPolicyOption>,
        /// How often the processors of containers are written anew. Unset means
        /// `10s`.
        cpu_manager_reconcile_period: GoDuration,
        /// For what the topology manager looks for a place: each container or a
        /// whole pod. Unset means `container`.
        topology_manager_scope: TopologyManagerScope,
        /// How processors, memory and devices of a pod are kept on one NUMA node.
        /// Unset means `none`.
        topology_manager_policy: TopologyManagerPolicy,
        /// The share of the disk in use, in percent, above which unused images
        /// are removed. It is above `image-gc-low-threshold-percent`. Unset
        /// means 85.
        image_gc_high_threshold_percent: Percentage,
        /// The share of the disk in use, in percent, down to which unused images
        /// are removed. Unset means 80.
        image_gc_low_threshold_percent: Percentage,
        /// How long an image stays unused at least before it is removed. Unset
        /// means `2m`.
        image_minimum_gc_age: GoDuration,
        /// How long an image stays unused at most before it is removed; `0s` is
        /// for ever. Unset means `0s`.
        image_maximum_gc_age: GoDuration,
        /// How many images are pulled at the same time. Unset is no limit.
        max_parallel_image_pulls: Positive,
        /// How many user ids each pod with a user namespace gets: a multiple of
        /// 65536. For Kubernetes 1.33 and later. Unset means 65536.
        ids_per_pod: Bounded<65536, 4_294_901_760>,
        /// Whether a shortage of memory in a container ends one process of it
        /// instead of all. Unset means no.
        single_process_oom_kill: bool,
        /// How much the kubelet writes to its log; a higher number is more.
        /// Unset means 2.
        log_level: Bounded<0, 255>,
        /// How long the shutdown of the node waits for its pods. Unset means
        /// `0s`: it does not.
        shutdown_grace_period: GoDuration,
        /// The part at the end of `shutdown-grace-period` that is for critical
        /// pods. Unset means `0s`.
        shutdown_grace_period_for_critical_pods: GoDuration,
    }
}
