//! What we need to know of an ELF file.

use crate::Error;
use goblin::elf::Elf;
use goblin::elf::dynamic::{DF_1_NOW, DF_BIND_NOW};
use goblin::elf::header::ET_DYN;
use goblin::elf::program_header::{PF_X, PT_GNU_RELRO, PT_GNU_STACK};
use std::path::Path;

/// The facts of an ELF program or library that decide what it needs and how
/// well it is hardened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Libraries it asks for by name (`DT_NEEDED`).
    pub(crate) libraries: Vec<String>,
    /// The dynamic loader (`PT_INTERP`).
    pub(crate) interpreter: Option<String>,
    /// Can be loaded anywhere: a library, or a position-independent program.
    pub(crate) position_independent: bool,
    /// Its relocated data is made read-only (`PT_GNU_RELRO`).
    pub(crate) relro: bool,
    /// All symbols are bound before it runs, so that RELRO covers them all.
    pub(crate) bind_now: bool,
    /// Its stack cannot be executed.
    pub(crate) stack_not_executable: bool,
}

/// Reads a file's facts; `None` if it is no ELF file.
pub(crate) fn read(path: &Path) -> Result<Option<Facts>, Error> {
    parse(&files::read(path)?).map_err(|e| Error::Elf {
        path: path.to_owned(),
        reason: e.to_string(),
    })
}

fn parse(bytes: &[u8]) -> Result<Option<Facts>, goblin::error::Error> {
    if !bytes.starts_with(goblin::elf::header::ELFMAG) {
        return Ok(None);
    }
    let elf = Elf::parse(bytes)?;
    let flags = elf.dynamic.as_ref().map(|d| (d.info.flags, d.info.flags_1));
    Ok(Some(Facts {
        libraries: elf.libraries.iter().map(|l| (*l).to_owned()).collect(),
        interpreter: elf.interpreter.map(str::to_owned),
        position_independent: elf.header.e_type == ET_DYN,
        relro: elf.program_headers.iter().any(|h| h.p_type == PT_GNU_RELRO),
        bind_now: flags.is_some_and(|(f, f1)| f & DF_BIND_NOW != 0 || f1 & DF_1_NOW != 0),
        stack_not_executable: elf
            .program_headers
            .iter()
            .any(|h| h.p_type == PT_GNU_STACK && h.p_flags & PF_X == 0),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_program_is_a_hardened_dynamic_one() {
        let facts = read(&std::env::current_exe().unwrap()).unwrap().unwrap();
        assert!(facts.position_independent && facts.relro && facts.stack_not_executable);
        assert!(facts.libraries.iter().any(|l| l.starts_with("libc.so")));
        assert!(facts.interpreter.is_some());
    }

    #[test]
    fn other_files_are_not_elf_and_damaged_ones_are_errors() {
        assert_eq!(parse(b"").unwrap(), None);
        assert_eq!(parse(b"#!/bin/sh\n").unwrap(), None);
        assert!(parse(b"\x7fELF\x02\x01\x01").is_err());
        let mut program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        program.truncate(4096);
        // Whatever the parser makes of half a program, it must not panic.
        let _ = parse(&program);
    }
}
