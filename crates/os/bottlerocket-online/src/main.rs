//! The multi-call program of those that speak to servers of others. They share HTTP
//! and TLS, which no daemon of the node is to carry about.

use applet::Multicall;

const PROGRAM: Multicall = Multicall {
    name: "bottlerocket-online",
    version: env!("CARGO_PKG_VERSION"),
    about: "What speaks to servers of others, in one program.",
    applets: &[
        ("aws-iam-authenticator", amazon::aws_iam_authenticator),
        ("ecr-credential-provider", amazon::ecr_credential_provider),
        ("fetch-user-data", fetch_user_data::main),
        ("host-ctr", host_ctr::main),
        ("updog", updog::main),
    ],
};

fn main() -> std::process::ExitCode {
    PROGRAM.main()
}
