//! The SELinux policy as its sources are: what it labels how, and which rules
//! its assertions refuse. Nothing is booted.

use anyhow::{Context, Result, bail};
use end_to_end_tests::{image_tools, workspace};
use rootfs::{Kind, compile_policy};
use std::fs;
use std::path::{Path, PathBuf};

/// Software sets that a production variant does not have.
const WITHOUT: [&str; 1] = ["development"];

fn sources() -> PathBuf {
    workspace().join("conf/selinux")
}

fn lines(name: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(sources().join(name))?;
    let content = |line: &&str| !line.is_empty() && !line.starts_with('#');
    Ok(text.lines().filter(content).map(str::to_owned).collect())
}

#[test]
fn files_get_the_labels_they_should() -> Result<()> {
    let output = tempfile::tempdir()?;
    let policy = compile_policy(&sources(), &[], output.path(), &image_tools()?)?;
    let labels = policy.labels()?;
    let mut wrong = Vec::new();
    for line in lines("expected-labels.tsv")? {
        let mut fields = line.split('\t');
        let (Some(path), Some(kind), Some(expected)) =
            (fields.next(), fields.next(), fields.next())
        else {
            bail!("not PATH, KIND and TYPE: {line}");
        };
        let kind = Kind::parse(kind).with_context(|| format!("not a kind: {line}"))?;
        let label = labels.lookup(Path::new(path), kind);
        let found = label.and_then(|l| l.split(':').nth(2)).unwrap_or("none");
        if found != expected {
            wrong.push(format!("{path}: {found} instead of {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn rules_that_break_a_promise_do_not_compile() -> Result<()> {
    let tools = image_tools()?;
    let output = tempfile::tempdir()?;
    let modified = output.path().join("sources");
    fs::create_dir(&modified)?;
    for entry in fs::read_dir(sources())? {
        let path = entry?.path();
        if let Some(name) = path.file_name()
            && path.extension().is_some_and(|e| e == "cil")
        {
            fs::copy(&path, modified.join(name))?;
        }
    }
    let without = WITHOUT.map(str::to_owned);
    let compile = || compile_policy(&modified, &without, &output.path().join("policy"), &tools);
    compile().context("the policy as it is")?;
    let mut accepted = Vec::new();
    for rule in lines("forbidden-rules.txt")? {
        fs::write(modified.join("forbidden.cil"), &rule)?;
        match compile() {
            Ok(_) => accepted.push(rule),
            // Refused, but for breaking a promise and not for a misspelling.
            Err(e) => assert!(e.to_string().contains("neverallow"), "{rule}: {e}"),
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
    Ok(())
}
