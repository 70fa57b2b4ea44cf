//! The multi-call program: a table of every first-party daemon and helper.

fn main() {
    eprintln!("bottlerocket: no applets yet");
    std::process::exit(2);
}
