//! `settings.oci-defaults`: what containers may do and use unless they say
//! otherwise.

use super::group;
use crate::ResourceLimit;

group! {
    /// What the orchestrator's containers may do and use, unless their own
    /// configuration says otherwise.
    OciDefaults {
        /// Which Linux capabilities containers get, see capabilities(7). Those
        /// that are unset stay as the container runtime has them.
        capabilities: Capabilities,
        /// Limits on what containers may use, see getrlimit(2).
        resource_limits: ResourceLimits,
    }
}

group! {
    /// Linux capabilities: whether containers get each of them.
    Capabilities {
        /// Configure the kernel's auditing (`CAP_AUDIT_CONTROL`). Unset means
        /// no.
        audit_control: bool,
        /// Read the kernel's audit log (`CAP_AUDIT_READ`). Unset means no.
        audit_read: bool,
        /// Write to the kernel's audit log (`CAP_AUDIT_WRITE`). Unset means
        /// yes.
        audit_write: bool,
        /// Keep the machine from suspending (`CAP_BLOCK_SUSPEND`). Unset means
        /// no.
        block_suspend: bool,
        /// Load BPF programs (`CAP_BPF`). Unset means no.
        bpf: bool,
        /// Checkpoint and restore processes (`CAP_CHECKPOINT_RESTORE`). Unset
        /// means no.
        checkpoint_restore: bool,
        /// Give files to other users (`CAP_CHOWN`). Unset means yes.
        chown: bool,
        /// Read, write and run any file, whatever its mode
        /// (`CAP_DAC_OVERRIDE`). Unset means yes.
        dac_override: bool,
        /// Read any file and search any folder, whatever its mode
        /// (`CAP_DAC_READ_SEARCH`). Unset means no.
        dac_read_search: bool,
        /// Act on any file as its owner may (`CAP_FOWNER`). Unset means yes.
        fowner: bool,
        /// Keep the set-user-ID and set-group-ID bits of a changed file
        /// (`CAP_FSETID`). Unset means yes.
        fsetid: bool,
        /// Lock memory (`CAP_IPC_LOCK`). Unset means no.
        ipc_lock: bool,
        /// Use any System V IPC object, whatever its mode (`CAP_IPC_OWNER`).
        /// Unset means no.
        ipc_owner: bool,
        /// Send signals to any process (`CAP_KILL`). Unset means yes.
        kill: bool,
        /// Take leases on any file (`CAP_LEASE`). Unset means no.
        lease: bool,
        /// Make files immutable or append-only (`CAP_LINUX_IMMUTABLE`). Unset
        /// means no.
        linux_immutable: bool,
        /// Change mandatory access control (`CAP_MAC_ADMIN`). Unset means no.
        mac_admin: bool,
        /// Act against mandatory access control (`CAP_MAC_OVERRIDE`). Unset
        /// means no.
        mac_override: bool,
        /// Create device files (`CAP_MKNOD`). Unset means yes.
        mknod: bool,
        /// Configure the network (`CAP_NET_ADMIN`). Unset means no.
        net_admin: bool,
        /// Listen on ports below 1024 (`CAP_NET_BIND_SERVICE`). Unset means
        /// yes.
        net_bind_service: bool,
        /// Send broadcasts and listen to multicasts (`CAP_NET_BROADCAST`).
        /// Unset means no.
        net_broadcast: bool,
        /// Use raw and packet sockets (`CAP_NET_RAW`). Unset means no.
        net_raw: bool,
        /// Measure the system's performance (`CAP_PERFMON`). Unset means no.
        perfmon: bool,
        /// Give capabilities to files (`CAP_SETFCAP`). Unset means yes.
        setfcap: bool,
        /// Become any group (`CAP_SETGID`). Unset means yes.
        setgid: bool,
        /// Change the capabilities of processes (`CAP_SETPCAP`). Unset means
        /// yes.
        setpcap: bool,
        /// Become any user (`CAP_SETUID`). Unset means yes.
        setuid: bool,
        /// Do most of what administrators do (`CAP_SYS_ADMIN`). Unset means no.
        sys_admin: bool,
        /// Restart the machine and load another kernel (`CAP_SYS_BOOT`). Unset
        /// means no.
        sys_boot: bool,
        /// Change the root folder (`CAP_SYS_CHROOT`). Unset means yes.
        sys_chroot: bool,
        /// Load and remove kernel modules (`CAP_SYS_MODULE`). Unset means no.
        sys_module: bool,
        /// Change priorities and scheduling (`CAP_SYS_NICE`). Unset means no.
        sys_nice: bool,
        /// Switch process accounting (`CAP_SYS_PACCT`). Unset means no.
        sys_pacct: bool,
        /// Trace any process (`CAP_SYS_PTRACE`). Unset means no.
        sys_ptrace: bool,
        /// Access input and output ports and raw memory (`CAP_SYS_RAWIO`).
        /// Unset means no.
        sys_rawio: bool,
        /// Go beyond resource limits (`CAP_SYS_RESOURCE`). Unset means no.
        sys_resource: bool,
        /// Set the clock (`CAP_SYS_TIME`). Unset means no.
        sys_time: bool,
        /// Configure terminals (`CAP_SYS_TTY_CONFIG`). Unset means no.
        sys_tty_config: bool,
        /// Read the kernel's log (`CAP_SYSLOG`). Unset means no.
        syslog: bool,
        /// Wake the machine up (`CAP_WAKE_ALARM`). Unset means no.
        wake_alarm: bool,
    }
}

group! {
    /// Limits on what containers may use.
    ResourceLimits {
        /// Virtual memory of a process, in bytes. Unset leaves the container
        /// runtime's limit.
        max_address_space: Limits,
        /// A core dump, in bytes. Unset leaves the container runtime's limit.
        max_core_file_size: Limits,
        /// Processor time of a process, in seconds. Unset leaves the container
        /// runtime's limit.
        max_cpu_time: Limits,
        /// Data segment of a process, in bytes. Unset leaves the container
        /// runtime's limit.
        max_data_size: Limits,
        /// Locks and leases of files. Unset leaves the container runtime's
        /// limit.
        max_file_locks: Limits,
        /// A file that a process writes, in bytes. Unset leaves the container
        /// runtime's limit.
        max_file_size: Limits,
        /// Memory that a process locks, in bytes. Unset leaves the container
        /// runtime's limit.
        max_locked_memory: Limits,
        /// POSIX message queues of a user, in bytes. Unset leaves the container
        /// runtime's limit.
        max_msgqueue_size: Limits,
        /// Highest priority: 20 less the nice value that may be reached. Unset
        /// leaves the container runtime's limit.
        max_nice_priority: Limits,
        /// Files that a process has open. Unset leaves the container runtime's
        /// limit.
        max_open_files: Limits,
        /// Signals queued for a user. Unset leaves the container runtime's
        /// limit.
        max_pending_signals: Limits,
        /// Processes of a user. Unset leaves the container runtime's limit.
        max_processes: Limits,
        /// Highest real-time priority. Unset leaves the container runtime's
        /// limit.
        max_realtime_priority: Limits,
        /// Processor time of a real-time process without a blocking call, in
        /// microseconds. Unset leaves the container runtime's limit.
        max_realtime_timeout: Limits,
        /// Resident memory of a process, in bytes (kernels of today ignore it).
        /// Unset leaves the container runtime's limit.
        max_resident_set: Limits,
        /// Stack of a process, in bytes. Unset leaves the container runtime's
        /// limit.
        max_stack_size: Limits,
    }
}

group! {
    /// The two limits of a resource.
    Limits {
        /// The limit up to which a process may raise its own: a number or
        /// `unlimited`.
        hard_limit: ResourceLimit,
        /// The limit that is enforced: a number or `unlimited`. It is not above
        /// the hard limit.
        soft_limit: ResourceLimit,
    }
}
