//! The boot through firmware and boot loader.

use anyhow::Result;
use end_to_end_tests::on_node;
use vm::report;

#[test]
fn every_unit_starts() -> Result<()> {
    on_node(|subject| {
        let list = [
            "/usr/bin/systemctl",
            "list-units",
            "--state=failed",
            "--plain",
            "--no-legend",
        ];
        let failed = subject.channel().output(&list)?;
        assert_eq!(subject.state, "running", "failed units:\n{failed}");
        Ok(())
    })
}

#[test]
fn nothing_is_denied() -> Result<()> {
    on_node(|subject| {
        let list: Vec<String> = subject.denials.iter().map(ToString::to_string).collect();
        assert!(
            list.is_empty(),
            "{} denials:\n{}",
            list.len(),
            list.join("\n")
        );
        Ok(())
    })
}

#[test]
fn stages_are_reached_in_order() -> Result<()> {
    on_node(|subject| {
        let report = report::collect(subject.channel())?;
        let mut last = f64::MIN;
        for stage in &report.stages {
            let seconds = stage
                .seconds
                .unwrap_or_else(|| panic!("{} is not reached", stage.name));
            // Targets may be entered in the same millisecond as their last unit.
            assert!(
                seconds >= last - 0.001,
                "{} comes too early:\n{report}",
                stage.name
            );
            last = seconds;
        }
        Ok(())
    })
}

#[test]
fn the_node_says_what_it_is() -> Result<()> {
    on_node(|subject| {
        let text = |path: &str| {
            Ok::<_, vm::Error>(subject.channel().read_file(path)?.data.text().into_owned())
        };
        let os_release = text("/etc/os-release")?;
        assert!(
            os_release.lines().any(|l| l == "ID=bottlerocket"),
            "{os_release}"
        );
        assert_eq!(text("/usr/lib/os-release")?, os_release);
        Ok(())
    })
}
