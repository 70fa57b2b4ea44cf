//! Rebuilds this crate when a fragment or template is added or removed; the
//! compiler itself only sees changes to those already embedded.

fn main() {
    println!("cargo::rerun-if-changed=../../../conf/settings/defaults");
    println!("cargo::rerun-if-changed=../../../conf/settings/templates");
}
