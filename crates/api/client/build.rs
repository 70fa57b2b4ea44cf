//! Rebuilds this crate when a variant is added or removed; the compiler itself
//! only sees changes to those already embedded.

fn main() {
    println!("cargo::rerun-if-changed=../../../conf/variants");
}
