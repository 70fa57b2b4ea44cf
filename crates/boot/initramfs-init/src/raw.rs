//! The system calls that have no safe wrapper, and the shape of what they
//! pass to the kernel. The only unsafe code of this program.

use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use std::ffi::{CStr, c_char};
use std::fs::File;
use std::io;
use std::ptr;

/// The ioctl group of the device mapper.
const GROUP: u8 = 0xfd;

/// Room for the parameters of a target: paths, two hashes and a salt of 256
/// bytes take less.
const PARAMETER_BYTES: usize = 1024;

/// `struct dm_ioctl` of `linux/dm-ioctl.h`, version 4.
#[repr(C)]
#[derive(Debug)]
pub struct DmHeader {
    pub version: [u32; 3],
    pub data_size: u32,
    pub data_start: u32,
    pub target_count: u32,
    pub open_count: i32,
    pub flags: u32,
    pub event_nr: u32,
    pub padding: u32,
    pub dev: u64,
    pub name: [u8; 128],
    pub uuid: [u8; 129],
    pub data: [u8; 7],
}

/// A `struct dm_ioctl`, a `struct dm_target_spec` and its parameters: the
/// shape of a table with one target.
#[repr(C)]
#[derive(Debug)]
pub struct DmRequest {
    pub header: DmHeader,
    pub sector_start: u64,
    pub length: u64,
    pub status: i32,
    pub next: u32,
    pub target_type: [u8; 16],
    pub parameters: [u8; PARAMETER_BYTES],
}

// What the kernel's header file says on every 64-bit machine.
const _: () = assert!(size_of::<DmHeader>() == 312);
const _: () = assert!(size_of::<DmRequest>() == 312 + 40 + PARAMETER_BYTES);

impl DmRequest {
    /// A request with its sizes filled in and the rest zero.
    pub fn new() -> Self {
        Self {
            header: DmHeader {
                version: [4, 0, 0],
                data_size: size_of::<Self>() as u32,
                data_start: size_of::<DmHeader>() as u32,
                target_count: 0,
                open_count: 0,
                flags: 0,
                event_nr: 0,
                padding: 0,
                dev: 0,
                name: [0; 128],
                uuid: [0; 129],
                data: [0; 7],
            },
            sector_start: 0,
            length: 0,
            status: 0,
            next: (size_of::<Self>() - size_of::<DmHeader>()) as u32,
            target_type: [0; 16],
            parameters: [0; PARAMETER_BYTES],
        }
    }

    /// `DM_DEV_CREATE`.
    pub fn create(&mut self, control: &File) -> io::Result<()> {
        self.submit::<{ opcode::read_write::<DmHeader>(GROUP, 3) }>(control)
    }

    /// `DM_TABLE_LOAD`.
    pub fn load_table(&mut self, control: &File) -> io::Result<()> {
        self.submit::<{ opcode::read_write::<DmHeader>(GROUP, 9) }>(control)
    }

    /// `DM_DEV_SUSPEND`, which without its flag is the resume.
    pub fn resume(&mut self, control: &File) -> io::Result<()> {
        self.submit::<{ opcode::read_write::<DmHeader>(GROUP, 6) }>(control)
    }

    fn submit<const OPCODE: Opcode>(&mut self, control: &File) -> io::Result<()> {
        // The kernel believes these; the fields are open to the crate.
        self.header.data_size = size_of::<Self>() as u32;
        self.header.data_start = size_of::<DmHeader>() as u32;
        // SAFETY: the opcodes above read and write a `struct dm_ioctl` and
        // what follows it, `data_size` bytes in all. That is the layout and
        // the size of this type, whose every byte is initialised and may take
        // any value.
        let update = unsafe { Updater::<OPCODE, Self>::new(self) };
        // SAFETY: `update` borrows the request for the whole call. For a file
        // that is not the device mapper's control node, the kernel refuses the
        // opcode (its group belongs to the device mapper alone).
        unsafe { ioctl(control, update) }.map_err(Into::into)
    }
}

/// Becomes another program, without arguments or environment; returns only why
/// it could not. (`std::process::Command` does the same, but makes this
/// program 26 KB larger.)
pub fn execute(program: &CStr) -> io::Error {
    // The Rust runtime ignores this signal, and what is ignored stays so.
    // SAFETY: the default action is no code of ours that could be run.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let arguments: [*const c_char; 2] = [program.as_ptr(), ptr::null()];
    let environment: [*const c_char; 1] = [ptr::null()];
    // SAFETY: all three are valid during the call: a string that ends with a
    // zero, and two lists of such strings that end with a null pointer.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}
