//! A variant from a folder of its own, made as conf/variants/README.md says.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::{Image, workspace};

const NEAREST: &str = "conf/variants/metal-dev.toml";

fn image_builder(arguments: &[&Path]) -> Result<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "image-builder",
            "--",
        ])
        .args(arguments)
        .current_dir(workspace())
        .output()
        .context("failed to run image-builder")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_variant_from_elsewhere_is_built_by_its_file_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("edge-small.toml");
    let text = fs::read_to_string(workspace().join(NEAREST))?;
    let text = text
        .replace(
            r#""base", "containerd", "development""#,
            r#""base", "development""#,
        )
        .replace(r#"host-containers = ["admin", "control"]"#, "")
        .replace("root-mib = 1024", "root-mib = 256");
    fs::write(&file, &text)?;
    let output = folder.path().join("image");
    let image = ["image", "--variant"].map(Path::new);
    let output = [Path::new("--output"), &output];

    // Nobody has said yet which programs it may have.
    let refused = image_builder(&[&image[..], &[&file], &output].concat());
    let refused = format!("{:#}", refused.unwrap_err());
    ensure!(refused.contains("--accept-executables"), "{refused}");
    let accept = [Path::new("--accept-executables")];
    image_builder(&[&image[..], &[&file], &output, &accept].concat())?;
    let list = fs::read_to_string(file.with_extension("executables"))?;
    ensure!(list.contains("/usr/bin/apiclient\n"), "{list}");
    ensure!(!list.contains("containerd"), "{list}");
    let made = Image::in_folder(output[1])?;
    let disk = made
        .disk()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    assert_eq!(disk, "bottlerocket-edge-small-x86_64.img");
    let inside = output[1].join("root/usr/share/bottlerocket/variant.toml");
    assert_eq!(fs::read_to_string(inside)?, text);
    Ok(())
}
