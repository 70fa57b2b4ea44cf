//! The multi-call program: every first-party daemon and helper in one file, but those
//! that speak to servers of others (`bottlerocket-online`).

use applet::Multicall;

const PROGRAM: Multicall = Multicall {
    name: "bottlerocket",
    version: env!("CARGO_PKG_VERSION"),
    about: "Every first-party daemon and helper of Bottlerocket in one program.",
    applets: &[
        ("apiserver", api_server::main),
        ("bootstrap-commands", bootstrap::commands),
        ("bootstrap-containers", bootstrap::containers),
        ("bork", sundog::bork),
        ("console-status", console_status::main),
        ("data-disk", data_disk::main),
        ("early-boot-config", early_boot_config::main),
        ("health-check", health::main),
        ("host-containers", host_containers::main),
        ("logdog", logdog::main),
        ("migrator", migrator::main),
        ("netdog", network::main),
        ("schnauzer", sundog::schnauzer),
        ("set-hostname", set_hostname::main),
        ("set-lockdown", set_lockdown::main),
        ("settings-applier", settings_applier::main),
        ("shibaken", shibaken::main),
        ("signpost", slots::main),
        ("static-pods", static_pods::main),
        ("sundog", sundog::main),
    ],
};

fn main() -> std::process::ExitCode {
    PROGRAM.main()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the image builders link to this program, in whichever image.
    const SOFTWARE: [&str; 3] = [
        include_str!("../../../../conf/software/base.toml"),
        include_str!("../../../../conf/software/data-disk.toml"),
        include_str!("../../../../conf/software/kubernetes.toml"),
    ];

    #[test]
    fn every_applet_and_nothing_else_has_a_link_in_an_image() {
        let mut linked: Vec<_> = SOFTWARE
            .iter()
            .flat_map(|set| {
                let (_, list) = set.split_once("\nbottlerocket = [").unwrap();
                let (list, _) = list.split_once(']').unwrap();
                list.split('"').skip(1).step_by(2)
            })
            .collect();
        linked.sort_unstable();
        let applets: Vec<_> = PROGRAM.applets.iter().map(|(name, _)| *name).collect();
        assert_eq!(linked, applets);
    }
}
