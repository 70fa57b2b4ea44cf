//! Policies of the kubelet.

use crate::values::choice;

choice! {
    /// How processors are given to containers.
    CpuManagerPolicy {
        /// All share all.
        #[serde(alias = "None")]
        None = "none",
        /// Containers of guaranteed pods that ask for whole processors get
        /// them for themselves.
        #[serde(alias = "Static")]
        Static = "static",
    }
}

choice! {
    /// A refinement of the CPU manager's policy `static`.
    CpuManagerPolicyOption {
        /// Whole physical cores only, so that no two containers share one.
        FullPcpusOnly = "full-pcpus-only",
        /// Processors are taken evenly from NUMA nodes if one does not suffice.
        DistributeCpusAcrossNuma = "distribute-cpus-across-numa",
        /// Reserved processors are for the system alone.
        StrictCpuReservation = "strict-cpu-reservation",
        /// Processors that share a cache of the last level are taken together
        /// if possible.
        PreferAlignCpusByUncorecache = "prefer-align-cpus-by-uncorecache",
    }
}

choice! {
    /// How memory and NUMA nodes are given to containers.
    MemoryManagerPolicy {
        /// As the kernel does it.
        #[serde(alias = "none")]
        None = "None",
        /// Containers of guaranteed pods get memory of as few NUMA nodes as
        /// possible for themselves.
        #[serde(alias = "static")]
        Static = "Static",
    }
}

choice! {
    /// Which pods may use swap.
    MemorySwapBehavior {
        /// None.
        NoSwap = "NoSwap",
        /// Burstable pods, in proportion to the memory they ask for.
        LimitedSwap = "LimitedSwap",
        /// All, without limit; Kubernetes 1.30 and later does not know it.
        UnlimitedSwap = "UnlimitedSwap",
    }
}

choice! {
    /// For what the topology manager looks for a place.
    TopologyManagerScope {
        /// Each container of a pod.
        Container = "container",
        /// The pod as a whole.
        Pod = "pod",
    }
}

choice! {
    /// How processors, memory and devices of a pod are kept on one NUMA node.
    TopologyManagerPolicy {
        /// Not at all.
        None = "none",
        /// A pod that cannot be placed well is refused.
        Restricted = "restricted",
        /// As well as possible.
        BestEffort = "best-effort",
        /// A pod that does not fit on one NUMA node is refused.
        SingleNumaNode = "single-numa-node",
    }
}
