//! `settings.container-runtime` and `settings.container-runtime-plugins`: the
//! containerd that the orchestrator uses.

use super::group;
use crate::values::choice;
use crate::{Bounded, ByteSize, ByteSizeLimit, Positive};

/// A number, or -1 for no limit.
type Limit = Bounded<-1, { i32::MAX as i64 }>;

group! {
    /// The containerd that runs the orchestrator's containers.
    ContainerRuntime {
        /// How much containerd writes to its log. Unset means `info`.
        log_level: ContainerdLogLevel,
        /// The longest line of a container's log, in bytes; longer ones are
        /// split. -1 is no limit. Unset, containerd splits at 16384.
        max_container_log_line_size: Limit,
        /// How many layers of an image are downloaded at the same time. Unset,
        /// containerd downloads 3.
        max_concurrent_downloads: Positive,
        /// How many layers of an image are unpacked at the same time. Unset,
        /// containerd unpacks 1.
        max_concurrent_unpacks: Positive,
        /// Layers are downloaded in chunks of this size, several at the same
        /// time, if it is 512 bytes or more. May also be written
        /// `concurrent-layer-fetch-buffer`. Unset, containerd decides.
        #[serde(alias = "concurrent-layer-fetch-buffer")]
        #[schemars(extend("x-alias" = "concurrent-layer-fetch-buffer"))]
        concurrent_download_chunk_size: ByteSize,
        /// Whether containers may listen on ports below 1024 without further
        /// rights. Unset means no.
        enable_unprivileged_ports: bool,
        /// Whether containers may send ICMP echo requests (ping) without further
        /// rights. Unset means no.
        enable_unprivileged_icmp: bool,
        /// How the layers of an image become a root file system. A change takes
        /// effect at the next boot, and removes images and containers. Unset
        /// means `overlayfs`.
        snapshotter: Snapshotter,
    }
}

choice! {
    /// What containerd logs: a level, and those that are worse.
    ContainerdLogLevel {
        /// Everything.
        Trace = "trace",
        /// What helps to find faults.
        Debug = "debug",
        /// What happens.
        Info = "info",
        /// What may be wrong.
        Warn = "warn",
        /// What is wrong.
        Error = "error",
        /// What ends the program.
        Fatal = "fatal",
        /// What must never happen.
        Panic = "panic",
    }
}

choice! {
    /// How the layers of an image become a root file system.
    Snapshotter {
        /// The kernel's overlay file system.
        Overlayfs = "overlayfs",
        /// The SOCI snapshotter, which downloads and unpacks in parallel.
        Soci = "soci",
    }
}

group! {
    /// Programs that extend containerd.
    ContainerRuntimePlugins {
        /// The SOCI snapshotter, if `container-runtime.snapshotter` chooses it.
        soci_snapshotter: SociSnapshotter,
    }
}

group! {
    /// The SOCI snapshotter.
    SociSnapshotter {
        /// How it pulls images. Unset means `parallel-pull-unpack`.
        pull_mode: SociPullMode,
        /// Pulling in parallel.
        parallel_pull_unpack: ParallelPullUnpack,
    }
}

choice! {
    /// How the SOCI snapshotter pulls images.
    SociPullMode {
        /// Whole images, in parallel.
        ParallelPullUnpack = "parallel-pull-unpack",
    }
}

group! {
    /// How much the SOCI snapshotter does at the same time.
    ParallelPullUnpack {
        /// Downloads at the same time, of all images together; -1 is no limit.
        /// Unset means -1.
        max_concurrent_downloads: Limit,
        /// Downloads at the same time for one image. Unset means 3.
        max_concurrent_downloads_per_image: Limit,
        /// The size of the chunks in which a layer is downloaded; `unlimited`
        /// downloads it in one. Unset means `unlimited`.
        concurrent_download_chunk_size: ByteSizeLimit,
        /// Layers unpacked at the same time, of all images together; -1 is no
        /// limit. Unset means -1.
        max_concurrent_unpacks: Limit,
        /// Layers unpacked at the same time for one image. Unset means 1.
        max_concurrent_unpacks_per_image: Limit,
        /// Whether a layer, as it was downloaded, is removed once it is
        /// unpacked. Unset means no.
        discard_unpacked_layers: bool,
    }
}
