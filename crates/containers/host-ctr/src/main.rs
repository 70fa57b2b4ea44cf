//! The program `host-ctr`.

fn main() -> std::process::ExitCode {
    host_ctr::main(std::env::args_os().collect())
}
