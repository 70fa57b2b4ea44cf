//! SELinux enforces, and nobody can change that or its policy.

use anyhow::Result;
use dev_protocol::Check;
use end_to_end_tests::{context, on_node};

#[test]
fn selinux_enforces_a_strict_policy() -> Result<()> {
    let expected = [
        ("enforce", "1"),
        // What the policy does not know is denied.
        ("deny_unknown", "1"),
        ("checkreqprot", "0"),
        ("mls", "1"),
    ];
    on_node(|subject| {
        for (file, value) in expected {
            let contents = subject
                .channel()
                .read_file(&format!("/sys/fs/selinux/{file}"))?;
            assert_eq!(contents.data.text().trim(), value, "{file}");
        }
        // Nothing in the policy can be switched at run time.
        assert!(
            subject
                .channel()
                .list("/sys/fs/selinux/booleans")?
                .is_empty()
        );
        Ok(())
    })
}

#[test]
fn the_kernel_is_locked_down() -> Result<()> {
    on_node(|subject| {
        let lockdown = subject
            .channel()
            .read_file("/sys/kernel/security/lockdown")?;
        assert!(lockdown.data.text().contains("[integrity]"));
        Ok(())
    })
}

#[test]
fn the_policy_is_the_one_that_was_built() -> Result<()> {
    on_node(|subject| {
        let path = "/usr/lib/selinux/bottlerocket/policy/policy.33";
        let built = std::fs::read(subject.image.file(&format!("policy{path}")))?;
        let found = subject.channel().read_file(path)?;
        assert!(
            found.data.0 == built,
            "{path} is not the policy of the build"
        );
        Ok(())
    })
}

#[test]
fn nobody_stops_enforcing_or_loads_a_policy() -> Result<()> {
    let write = |name: &str, text: &str| Check::Write {
        path: format!("/sys/fs/selinux/{name}"),
        text: text.to_owned(),
    };
    // The kernel looks at the permission first: a loader that is allowed would
    // be told EINVAL for this policy.
    let attempts = [
        Check::Setenforce { enforcing: false },
        write("load", "no policy"),
        write("checkreqprot", "1"),
        write("commit_pending_bools", "1"),
    ];
    on_node(|subject| {
        for check in &attempts {
            for context in context::everywhere() {
                let verdict = subject.probe(context, check)?;
                assert!(verdict.is_denied(), "{check:?} from {context:?}: {verdict}");
            }
        }
        let enforce = subject.channel().read_file("/sys/fs/selinux/enforce")?;
        assert_eq!(enforce.data.text(), "1");
        Ok(())
    })
}
