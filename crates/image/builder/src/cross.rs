//! Compiling for another architecture: with Debian's compilers, or rustup's where it
//! has the target, against Debian's libraries of that architecture.

use crate::packages::{self, Policy};
use crate::source::{Source, host_architecture};
use anyhow::{Context, Result};
use disk::Architecture;
use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::Tools;

/// The group of the libraries, for the architecture that is compiled for.
const SYSROOT: &str = "sysroot";

/// rustc links static programs for aarch64 at a fixed address, for no reason in what it
/// compiles.
const POSITION_INDEPENDENT: &str = "\
for word; do
    shift
    case $word in
        -static) set -- \"$@\" -static-pie ;;
        -no-pie) ;;
        *) set -- \"$@\" \"$word\" ;;
    esac
done
";

/// Environment variables for cargo.
pub(crate) type Environment = Vec<(String, OsString)>;

/// What cargo has to know to compile for an architecture; nothing, if it is that of
/// this machine.
pub(crate) fn environment(
    source: &Source,
    architecture: Architecture,
    policy: &Policy,
) -> Result<Environment> {
    let here = host_architecture()?;
    if architecture == here {
        return Ok(Vec::new());
    }
    let group = [packages::COMPILER, architecture.name()].concat();
    let compiler = packages::unpacked(source, &group, here, policy)?;
    let sysroot = packages::unpacked(source, SYSROOT, architecture, policy)?;
    let tools = Tools::unpacked(&compiler)?;
    let wrappers = Wrappers {
        folder: compiler.with_extension("bin"),
        triplet: architecture.triplet(),
        tools,
        compiler,
        sysroot,
    };
    wrappers.write()?;
    Ok(wrappers.environment(architecture))
}

/// Scripts that run the compilers through the loader that they were made for.
struct Wrappers {
    folder: PathBuf,
    triplet: String,
    tools: Tools,
    compiler: PathBuf,
    sysroot: PathBuf,
}

impl Wrappers {
    fn write(&self) -> Result<()> {
        files::create_dir_all(&self.folder)?;
        // gcc starts these by its own names for them.
        for name in ["as", "ld"] {
            let program = self.binary(name);
            self.wrapper(name, &program, &[])?;
        }
        for name in ["collect2", "cc1"] {
            let program = self.gcc_folder("libexec")?.join(name);
            self.wrapper(name, &program, &[])?;
        }
        let sysroot = format!("--sysroot={}", self.sysroot.display());
        let own = format!("-B{}/", self.folder.display());
        let libraries = format!("-B{}/", self.gcc_folder("lib")?.display());
        let gcc = self.line(&self.binary("gcc"), &[&own, &libraries, &sysroot]);
        self.script("gcc", POSITION_INDEPENDENT, &gcc)?;
        self.wrapper("ar", &self.binary("ar"), &[])?;
        let rustc = self.compiler.join("usr/bin/rustc");
        let sysroot = format!("--sysroot={}/usr", self.compiler.display());
        self.wrapper("rustc", &rustc, &[&sysroot])?;
        self.join_standard_libraries()
    }

    /// The standard library of the other architecture, where rustc looks for it.
    fn join_standard_libraries(&self) -> Result<()> {
        let folder = Path::new("usr/lib/rustlib");
        let place = self.compiler.join(folder);
        let target = self.sysroot.join(folder);
        for entry in files::at("list", &target, std::fs::read_dir(&target))? {
            let entry = files::at("list", &target, entry)?;
            let link = place.join(entry.file_name());
            if !link.exists() {
                let _ = std::fs::remove_file(&link);
                files::at("link", &link, symlink(entry.path(), &link))?;
            }
        }
        Ok(())
    }

    fn environment(&self, architecture: Architecture) -> Environment {
        let target = architecture.rust_target();
        let (low, high) = (
            target.replace('-', "_"),
            target.replace('-', "_").to_uppercase(),
        );
        let sysroot = self.sysroot.display();
        let libraries = self.sysroot.join("usr/lib").join(&self.triplet);
        let wrapper = |name: &str| self.folder.join(name).into_os_string();
        let mut environment = vec![
            (format!("CARGO_TARGET_{high}_LINKER"), wrapper("gcc")),
            (format!("CC_{low}"), wrapper("gcc")),
            (format!("AR_{low}"), wrapper("ar")),
            (
                format!("BINDGEN_EXTRA_CLANG_ARGS_{low}"),
                format!("--sysroot={sysroot} --target={}", self.triplet).into(),
            ),
            (
                "SELINUX_INCLUDE_DIR".to_owned(),
                self.sysroot.join("usr/include").into(),
            ),
            ("SELINUX_LIB_DIR".to_owned(), libraries.into()),
        ];
        if !has_standard_library(target) {
            environment.push(("RUSTC".to_owned(), wrapper("rustc")));
        }
        environment
    }

    fn binary(&self, name: &str) -> PathBuf {
        let name = format!("{}-{name}", self.triplet);
        let link = self.compiler.join("usr/bin").join(name);
        // gcc finds its own files from where it is, by its own name.
        link.canonicalize().unwrap_or(link)
    }

    /// Where gcc has files of its own: the only version there is.
    fn gcc_folder(&self, below: &str) -> Result<PathBuf> {
        let folder = self
            .compiler
            .join("usr")
            .join(below)
            .join("gcc-cross")
            .join(&self.triplet);
        let mut entries = files::at("list", &folder, std::fs::read_dir(&folder))?;
        let entry = entries
            .next()
            .with_context(|| format!("{} is empty", folder.display()))?;
        Ok(files::at("list", &folder, entry)?.path())
    }

    /// Writes a script that runs a program with arguments before those it is given.
    fn wrapper(&self, name: &str, program: &Path, arguments: &[&str]) -> Result<()> {
        self.script(name, "", &self.line(program, arguments))
    }

    fn line(&self, program: &Path, arguments: &[&str]) -> String {
        let command = self.tools.command_at(program, &program.to_string_lossy());
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<String> = words
            .map(|word| word.to_string_lossy().into_owned())
            .chain(arguments.iter().map(|&word| word.to_owned()))
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        words.join(" ")
    }

    fn script(&self, name: &str, before: &str, line: &str) -> Result<()> {
        let script = format!("#!/bin/sh\n{before}exec {line} \"$@\"\n");
        let path = self.folder.join(name);
        // Not replaced while it may run.
        if files::read_to_string(&path).is_ok_and(|there| there == script) {
            return Ok(());
        }
        files::write(&path, script)?;
        let executable = std::fs::Permissions::from_mode(0o755);
        let changed = std::fs::set_permissions(&path, executable);
        Ok(files::at("change", &path, changed)?)
    }
}

/// Whether the compiler of this machine has the standard library of a target.
fn has_standard_library(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]);
    process::stdout(&mut rustc).is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_programs_can_lie_anywhere() {
        for (given, expected) in [
            (
                &["-static", "-no-pie", "a b", "-lc"][..],
                "-static-pie|a b|-lc|",
            ),
            (&["-pie", "a.o"][..], "-pie|a.o|"),
            (&[][..], "|"),
        ] {
            let script = format!("{POSITION_INDEPENDENT}printf '%s|' \"$@\"");
            let mut shell = Command::new("sh");
            shell.args(["-c", &script, "link"]).args(given);
            assert_eq!(process::stdout(&mut shell).unwrap(), expected);
        }
    }
}
