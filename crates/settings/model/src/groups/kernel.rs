//! `settings.kernel`: what the running kernel is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::group;
use crate::values::choice;
use crate::{HugepageCount, HugepageSize, ModuleName, SingleLineString, SysctlKey};

group! {
    /// What the running kernel is told.
    Kernel {
        /// How much the kernel is protected from the root user. It can be
        /// raised while the node runs, but lowered only by a restart. Unset
        /// leaves it as the image was booted.
        lockdown: Lockdown,
        /// Kernel modules by name: which may be loaded and which are.
        #[schemars(extend("x-name" = "module"))]
        modules: BTreeMap<ModuleName, Module>,
        /// sysctl parameters by name. Values are always text, numbers too.
        #[schemars(extend("x-name" = "parameter"))]
        sysctl: BTreeMap<SysctlKey, SingleLineString>,
        /// Memory in large pages.
        hugepages: Hugepages,
        /// Drivers that the image has in several versions.
        drivers: Drivers,
    }
}

choice! {
    /// How much the kernel is protected from the root user.
    Lockdown {
        /// Not at all.
        None = "none",
        /// It cannot be changed while it runs.
        Integrity = "integrity",
        /// It cannot be changed, nor can its memory be read.
        Confidentiality = "confidentiality",
    }
}

group! {
    /// A kernel module.
    Module {
        /// Whether it may be loaded. A module that is already loaded stays until
        /// the next boot. Unset means yes.
        allowed: bool,
        /// Whether it is loaded at every boot, if `allowed` says so too. Unset
        /// means no.
        autoload: bool,
    }
}

group! {
    /// Memory in large pages.
    Hugepages {
        /// Pages that are set aside for programs that ask for them.
        r#static: StaticHugepages,
        /// Pages that the kernel gives to programs that did not ask.
        transparent: TransparentHugepages,
    }
}

/// Pages that are set aside, by size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-name" = "size", "additionalProperties" = false))]
pub struct StaticHugepages {
    /// Whether the boot stops if not all pages can be set aside. Unset means
    /// no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub essential: Option<bool>,
    /// The pages of each size, such as `2Mi`.
    #[serde(flatten)]
    pub sizes: BTreeMap<HugepageSize, HugepagePool>,
}

group! {
    /// The pages of one size.
    HugepagePool {
        /// How many pages are set aside: as text, one number for the machine or
        /// one for each NUMA node, such as `0:256,1:256`. Unset changes nothing.
        count: HugepageCount,
    }
}

group! {
    /// When the kernel gives large pages to programs that did not ask.
    TransparentHugepages {
        /// Which programs get them. Unset leaves the kernel's default.
        enabled: TransparentHugepagesEnabled,
        /// Who waits while memory is moved to make room for one. Unset leaves
        /// the kernel's default.
        defrag: TransparentHugepagesDefrag,
    }
}

choice! {
    /// Which programs get transparent huge pages.
    TransparentHugepagesEnabled {
        /// All.
        Always = "always",
        /// Those that call madvise(2) for a range of memory.
        Madvise = "madvise",
        /// None.
        Never = "never",
    }
}

choice! {
    /// Who waits for a transparent huge page.
    TransparentHugepagesDefrag {
        /// Every program.
        Always = "always",
        /// None: the kernel makes room in the background.
        Defer = "defer",
        /// Programs that called madvise(2); for others it is done in the
        /// background.
        DeferMadvise = "defer+madvise",
        /// Programs that called madvise(2).
        Madvise = "madvise",
        /// None, and no room is made.
        Never = "never",
    }
}

group! {
    /// Drivers that the image has in several versions.
    Drivers {
        /// The driver of NVIDIA's GPUs.
        nvidia: NvidiaDriver,
    }
}

group! {
    /// The driver of NVIDIA's GPUs.
    NvidiaDriver {
        /// Which branch is loaded. Unset, the one that suits the machine.
        branch: NvidiaDriverBranch,
    }
}

choice! {
    /// A branch of NVIDIA's driver.
    NvidiaDriverBranch {
        /// Supported for a long time.
        Lts = "lts",
        /// The production branch.
        Pb = "pb",
    }
}
