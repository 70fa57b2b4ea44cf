//! runc, which makes a container's processes what they are.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// runc, by where it keeps its notes.
#[derive(Debug, Clone)]
pub(crate) struct Runc {
    program: PathBuf,
    notes: PathBuf,
}

impl Runc {
    pub(crate) fn new(program: &Path, run: &Path) -> Self {
        Self {
            program: program.to_owned(),
            notes: run.join("runc"),
        }
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(&self.notes).arg(verb);
        command
    }

    /// Makes a container that has not begun, with our standard output and error, and
    /// returns the number of its first process.
    pub(crate) fn create(&self, id: &str, bundle: &Path) -> Result<i32> {
        let pid = bundle.join("pid");
        let mut command = self.command("create");
        command
            .arg("--bundle")
            .arg(bundle)
            .arg("--pid-file")
            .arg(&pid)
            .arg(id);
        command.stdin(Stdio::null());
        let status = command.status().context("failed to run runc")?;
        if !status.success() {
            bail!("runc did not make the container ({status}); its own words are before this");
        }
        let text = files::read_to_string(&pid)?;
        text.trim().parse().context("runc wrote no process number")
    }

    pub(crate) fn start(&self, id: &str) -> Result<()> {
        let status = self.command("start").arg(id).status();
        match status.context("failed to run runc")?.success() {
            true => Ok(()),
            false => bail!("the container did not start; runc's own words are before this"),
        }
    }

    /// Takes away a container, whatever state it is in, with all its processes.
    pub(crate) fn delete(&self, id: &str) {
        let mut command = self.command("delete");
        command.args(["--force", id]);
        // Mostly there is none, which is not worth a word.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let _ = command.status();
    }

    /// Runs a command in a container that runs, with our standard streams.
    pub(crate) fn exec<S: AsRef<OsStr>>(&self, id: &str, options: &[S], command: &[S]) -> Command {
        let mut exec = self.command("exec");
        exec.args(options).arg(id).args(command);
        exec
    }
}

/// The cgroup for a container: below the one of our unit, which systemd has handed
/// over (`Delegate=`), beside the one that we are in (`DelegateSubgroup=`).
pub(crate) fn cgroup() -> Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open("/proc/self/cgroup").context("failed to read our cgroup")?;
    file.take(4096).read_to_string(&mut text)?;
    parse_cgroup(&text).context("we are in no cgroup of version 2")
}

fn parse_cgroup(text: &str) -> Option<String> {
    let own = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    let (unit, _) = own.rsplit_once('/')?;
    Some(format!("{unit}/container"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_beside_us_in_our_unit() {
        let text = "0::/system.slice/host-containers@admin.service/host-ctr\n";
        assert_eq!(
            parse_cgroup(text).as_deref(),
            Some("/system.slice/host-containers@admin.service/container")
        );
        assert_eq!(parse_cgroup("1:name=systemd:/a\n"), None);
        assert_eq!(parse_cgroup(""), None);
    }
}
