//! The applet `apiserver` as a program of its own, for a workstation. In an
//! image it is part of the multi-call program.

fn main() -> std::process::ExitCode {
    api_server::main(std::env::args_os().collect())
}
