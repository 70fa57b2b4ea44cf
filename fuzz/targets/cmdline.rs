//! Any command line is split into parts of itself, and a root hash found in it
//! stands there.

#![no_main]

use initramfs_init::cmdline::root_hash;
use initramfs_init::machine_id::MachineId;
use kernel_cmdline::{arguments, value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    let total: usize = arguments(line)
        .map(|argument| argument.name.len() + argument.value.map_or(0, str::len))
        .sum();
    assert!(total <= line.len());
    if let Ok(hash) = root_hash(line) {
        assert!(line.to_ascii_lowercase().contains(&hash.to_string()));
    }
    if let Some(id) = value(line, "systemd.machine_id").and_then(MachineId::parse) {
        assert_eq!(MachineId::parse(&id.to_string()), Some(id));
    }
    let _ = MachineId::from_product_uuid(line);
});
