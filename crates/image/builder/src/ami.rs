//! How an image becomes an AMI: command `import-ami`.

use crate::artefacts::Account;
use crate::cli::ImportAmi;
use crate::source::Source;
use anyhow::{Result, bail};
use artefacts::Format;
use std::fmt;
use std::path::Path;

/// Prints the steps.
pub(crate) fn import(source: &Source, options: &ImportAmi, folder: &Path) -> Result<()> {
    if !options.dry_run {
        bail!(
            "this program has no credentials of Amazon, and asks for none\n\
             hint: --dry-run prints the steps, for a shell with the AWS CLI"
        );
    }
    let account = Account::read(folder)?;
    let variant = account.variant(source, options.image.is_none(), &options.target)?;
    let name = format!(
        "bottlerocket-{}-{}-{}",
        account.variant, account.architecture, account.version
    );
    let disk = folder
        .join("artefacts")
        .join(format!("{name}.{}", Format::Vhd.ending()));
    if !disk.exists() {
        bail!(
            "{} is not there\nhint: image-builder artefacts --image {} --format vhd",
            disk.display(),
            folder.display()
        );
    }
    let architecture = match account.architecture.as_str() {
        "aarch64" => "arm64",
        other => other,
    };
    print!(
        "{}",
        Steps {
            name: &name,
            disk: &disk,
            architecture,
            gib: variant.machine_gib,
            data_gib: variant.data_gib,
            bucket: &options.bucket,
            region: &options.region,
        }
    );
    Ok(())
}

/// What the steps are about.
struct Steps<'a> {
    name: &'a str,
    disk: &'a Path,
    architecture: &'a str,
    gib: u64,
    data_gib: Option<u64>,
    bucket: &'a str,
    region: &'a str,
}

impl fmt::Display for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            disk,
            architecture,
            gib,
            data_gib,
            bucket,
            region,
        } = self;
        let data = match data_gib {
            Some(gib) => format!(
                " DeviceName=/dev/xvdb,Ebs={{VolumeSize={gib},VolumeType=gp3,DeleteOnTermination=true}}"
            ),
            None => String::new(),
        };
        let disk = disk.display();
        write!(
            f,
            r#"set -euo pipefail
export AWS_REGION={region}
aws s3 cp '{disk}' 's3://{bucket}/{name}.vhd'
task=$(aws ec2 import-snapshot --description '{name}' \
    --disk-container 'Format=VHD,UserBucket={{S3Bucket={bucket},S3Key={name}.vhd}}' \
    --query ImportTaskId --output text)
aws ec2 wait snapshot-imported --import-task-ids "$task"
snapshot=$(aws ec2 describe-import-snapshot-tasks --import-task-ids "$task" \
    --query 'ImportSnapshotTasks[0].SnapshotTaskDetail.SnapshotId' --output text)
aws ec2 register-image --name '{name}' --architecture {architecture} \
    --virtualization-type hvm --boot-mode uefi --ena-support --imds-support v2.0 \
    --root-device-name /dev/xvda \
    --block-device-mappings "DeviceName=/dev/xvda,Ebs={{SnapshotId=$snapshot,VolumeSize={gib},VolumeType=gp3,DeleteOnTermination=true}}"{data} \
    --query ImageId --output text
aws s3 rm 's3://{bucket}/{name}.vhd'
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_a_script() {
        let mut steps = Steps {
            name: "name",
            disk: "/a b/name.vhd".as_ref(),
            architecture: "arm64",
            gib: 24,
            data_gib: None,
            bucket: "images",
            region: "eu-central-1",
        };
        let text = steps.to_string();
        let copy = "aws s3 cp '/a b/name.vhd' 's3://images/name.vhd'";
        assert!(text.contains(copy), "{text}");
        let container = "'Format=VHD,UserBucket={S3Bucket=images,S3Key=name.vhd}'";
        assert!(text.contains(container), "{text}");
        assert!(!text.contains("/dev/xvdb"), "{text}");
        steps.data_gib = Some(20);
        let text = steps.to_string();
        assert!(
            text.contains(" DeviceName=/dev/xvdb,Ebs={VolumeSize=20,"),
            "{text}"
        );
        let mut bash = std::process::Command::new("bash");
        process::output(bash.args(["-n", "-c", &text])).unwrap();
    }
}
