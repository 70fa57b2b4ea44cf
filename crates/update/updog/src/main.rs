//! The program `updog`.

fn main() -> std::process::ExitCode {
    updog::main(std::env::args_os().collect())
}
