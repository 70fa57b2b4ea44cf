//! Running one migration's program.

use std::ffi::CStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

use crate::Error;

/// What is in /proc/self/maps instead of a file's name.
const LABEL: &CStr = c"migration";

/// A program in memory that nobody can change any more: what is checked is what
/// runs.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    memory: OwnedFd,
}

impl Program {
    /// Takes a program's file into memory.
    pub fn seal(name: &str, bytes: &[u8]) -> Result<Program, Error> {
        let failed = |source: std::io::Error| Error::Seal {
            name: name.to_owned(),
            source,
        };
        let mut memory = File::from(create().map_err(|e| failed(e.into()))?);
        memory.write_all(bytes).map_err(failed)?;
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&memory, seals).map_err(|e| failed(e.into()))?;
        Ok(Program {
            name: name.to_owned(),
            memory: memory.into(),
        })
    }

    /// Runs it to its end: `direction` is `forward` or `backward`, the files
    /// hold payloads.
    pub fn run(&self, direction: &str, source: &Path, target: &Path) -> Result<(), Error> {
        // The descriptor is closed as the program starts, and not before.
        let mut command = Command::new(format!("/proc/self/fd/{}", self.memory.as_raw_fd()));
        command
            .arg0(&self.name)
            .arg(format!("--{direction}"))
            .arg("--source")
            .arg(source)
            .arg("--target")
            .arg(target)
            .env_clear();
        process::output(&mut command).map_err(|source| Error::Run {
            name: self.name.clone(),
            direction: direction.to_owned(),
            source,
        })?;
        Ok(())
    }
}

fn create() -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know that memory can be not executable.
    match memfd_create(LABEL, flags | MemfdFlags::EXEC) {
        Err(Errno::INVAL) => memfd_create(LABEL, flags),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn a_sealed_program_runs_and_cannot_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("a"), folder.path().join("b"));
        let run = |file: &str| {
            let program = Program::seal("test", &std::fs::read(file).unwrap()).unwrap();
            let memory = File::from(program.memory.try_clone().unwrap());
            assert!(memory.write_at(b"x", 0).is_err());
            assert!(memory.set_len(0).is_err());
            program.run("forward", &source, &target)
        };
        run("/bin/true").unwrap();
        let error = run("/bin/false").unwrap_err().to_string();
        assert!(
            error.starts_with("migration `test` failed to go forward: "),
            "{error}"
        );
        let text = Program::seal("text", b"no program").unwrap();
        assert!(text.run("forward", &source, &target).is_err());
    }
}
