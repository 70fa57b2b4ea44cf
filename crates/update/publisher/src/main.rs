//! The program `publisher`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
