//! The program of our host containers, which see nothing of the host's libraries: it
//! is static.
//!
//! ```text
//! start-admin     sshd, with the keys of the user data
//! start-control   waits, and runs an agent where the image has one
//! sheltie         a shell in the namespaces of the host
//! sudo            for those who are used to it: everybody here is root
//! ```

mod admin;
mod control;
mod sheltie;
mod sudo;
mod user_data;

use applet::Multicall;

const PROGRAM: Multicall = Multicall {
    name: "container-tools",
    version: env!("CARGO_PKG_VERSION"),
    about: "What runs inside the host containers, in one program.",
    applets: &[
        ("sheltie", sheltie::main),
        ("start-admin", admin::main),
        ("start-control", control::main),
        ("sudo", sudo::main),
    ],
};

fn main() -> std::process::ExitCode {
    PROGRAM.main()
}
