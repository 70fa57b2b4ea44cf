//! Getting a state folder and a command line ready.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::accelerator;
use crate::arguments::{self, Mode, Setting};
use crate::error::{Error, Result};
use crate::options::{Boot, Disk, Options};

/// Where QEMU's own messages go.
pub(crate) const QEMU_LOG: &str = "qemu.log";

/// A virtual machine ready to be started.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub command: Command,
    /// What a person should know about how it will run.
    pub notice: Option<String>,
}

/// Fills the state folder and builds the command. What belongs to an earlier
/// run is removed, except what makes the machine the same one: its overlay,
/// its UEFI variables and its UUID.
pub(crate) fn prepare(options: &Options, folder: &Path, mode: Mode) -> Result<Prepared> {
    files::create_dir_all(folder)?;
    for name in [
        arguments::CONSOLE_SOCKET,
        arguments::MONITOR_SOCKET,
        arguments::CHANNEL_SOCKET,
        arguments::CONSOLE_LOG,
        arguments::USER_DATA,
        arguments::NET_TOML,
        arguments::PID_FILE,
    ] {
        remove(&folder.join(name))?;
    }
    if let Some(disk) = &options.disk {
        prepare_disk(disk, options, folder)?;
    }
    if let Some(user_data) = &options.user_data {
        let file = folder.join(arguments::USER_DATA);
        files::replace(&file, &arguments::user_data_file(user_data), 0o600)?;
    }
    if let Some(net_toml) = &options.net_toml {
        files::replace(&folder.join(arguments::NET_TOML), net_toml, 0o600)?;
    }
    let firmware_code = match options.boot {
        Boot::Firmware | Boot::Program(_) => Some(prepare_firmware(options, folder)?),
        Boot::Kernel { .. } => None,
    };
    let (accelerator, notice) = accelerator::choose(options);
    let data = options.tools.root().map_or_else(Vec::new, |root| {
        ["usr/share/qemu", "usr/share/seabios"]
            .map(|f| root.join(f))
            .to_vec()
    });
    let setting = Setting {
        mode,
        accelerator,
        data,
        uuid: prepare_uuid(folder)?,
        firmware_code,
    };
    let mut command = options.tools.command(options.architecture.program)?;
    command
        .args(arguments::arguments(options, &setting))
        .current_dir(folder);
    Ok(Prepared { command, notice })
}

fn prepare_disk(disk: &Disk, options: &Options, folder: &Path) -> Result<()> {
    let (Disk::WriteThrough(image) | Disk::Discard(image) | Disk::Overlay { base: image, .. }) =
        disk;
    let length = files::at("examine", image, fs::metadata(image))?.len();
    let Disk::Overlay { base, file, size } = disk else {
        return Ok(());
    };
    let file = folder.join(file);
    if file.exists() {
        return size.map_or(Ok(()), |size| grow(&file, size, options));
    }
    if let Some(size) = size.filter(|&size| size < length) {
        return Err(Error::Options(format!(
            "a disk of {size} bytes is smaller than its image {} ({length} bytes)",
            base.display()
        )));
    }
    let base = files::at("find", base, std::path::absolute(base))?;
    let mut command = options.tools.command("qemu-img")?;
    command
        .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
        .arg(base)
        .arg(file);
    command.args(size.map(|s| s.to_string()));
    process::output(&mut command)?;
    Ok(())
}

/// Makes an overlay larger, if it is smaller than that.
fn grow(file: &Path, size: u64, options: &Options) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Info {
        #[serde(rename = "virtual-size")]
        virtual_size: u64,
    }
    let mut command = options.tools.command("qemu-img")?;
    let json = process::stdout(command.args(["info", "--output=json"]).arg(file))?;
    let info: Info = serde_json::from_str(&json).map_err(|e| {
        Error::Options(format!(
            "failed to understand {}: {e}: {json}",
            process::line(&command)
        ))
    })?;
    if info.virtual_size < size {
        let mut command = options.tools.command("qemu-img")?;
        command
            .args(["resize", "-q", "-f", "qcow2"])
            .arg(file)
            .arg(size.to_string());
        process::output(&mut command)?;
    }
    Ok(())
}

/// The UUID by which the guest knows its machine: made once.
fn prepare_uuid(folder: &Path) -> Result<String> {
    let file = folder.join(arguments::UUID);
    match files::read_to_string(&file) {
        Err(e) if e.is_not_found() => {}
        read => return Ok(read?.trim().to_owned()),
    }
    let uuid = files::read_to_string(Path::new("/proc/sys/kernel/random/uuid"))?;
    files::replace(&file, uuid.as_bytes(), 0o644)?;
    Ok(uuid.trim().to_owned())
}

/// Copies the template of the UEFI variables unless the machine has its own
/// already, and returns where the code is.
fn prepare_firmware(options: &Options, folder: &Path) -> Result<PathBuf> {
    let share = options.firmware.clone().unwrap_or_else(|| {
        let root = options.tools.root().unwrap_or(Path::new("/"));
        root.join("usr/share")
    });
    let find = |name: &str| {
        let path = share.join(name);
        if path.exists() {
            Ok(path)
        } else {
            Err(Error::Firmware(path))
        }
    };
    let variables = folder.join(arguments::FIRMWARE_VARIABLES);
    if !variables.exists() {
        let template = find(options.architecture.firmware_variables)?;
        files::write(&variables, files::read(&template)?)?;
    }
    find(options.architecture.firmware_code)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Ok(files::at("remove", path, Err(e))?)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tools::Tools;

    use super::*;
    use crate::options::{Choice, UserData};
    use crate::{Architecture, Error};

    fn options() -> Options {
        let architecture = Architecture::named("x86_64").unwrap();
        let mut options = Options::new(
            architecture,
            Tools::host(),
            Boot::Kernel {
                kernel: "/vmlinuz".into(),
                initrd: None,
                cmdline: String::new(),
            },
        );
        options.accelerator = Choice::Emulation;
        options
    }

    #[test]
    fn leftovers_of_an_earlier_run_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let kept = [arguments::FIRMWARE_VARIABLES, arguments::UUID, "disk.qcow2"];
        let removed = [
            arguments::CONSOLE_SOCKET,
            arguments::CONSOLE_LOG,
            arguments::USER_DATA,
            arguments::NET_TOML,
        ];
        for name in kept.iter().chain(&removed) {
            fs::write(at(name), "").unwrap();
        }
        prepare(&options(), folder.path(), Mode::Attached).unwrap();
        assert!(kept.iter().all(|name| at(name).exists()));
        assert!(!removed.iter().any(|name| at(name).exists()));
    }

    #[test]
    fn user_data_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mut options = options();
        options.user_data = Some(UserData::FirmwareConfiguration(b"secret".to_vec()));
        prepare(&options, folder.path(), Mode::Attached).unwrap();
        let mode = fs::metadata(folder.path().join("user-data"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        fs::write(&image, [0; 4096]).unwrap();
        let absent = |o: &mut Options| o.disk = Some(Disk::Discard("/nonexistent.img".into()));
        let small = |o: &mut Options| {
            o.disk = Some(Disk::Overlay {
                base: image.clone(),
                file: "disk.qcow2".into(),
                size: Some(512),
            });
        };
        type Change<'a> = &'a dyn Fn(&mut Options);
        let cases: [(Change<'_>, &str); 2] = [
            (&absent, "failed to examine /nonexistent.img: "),
            (&small, "a disk of 512 bytes is smaller than its image "),
        ];
        for (change, expected) in cases {
            let mut options = options();
            change(&mut options);
            let error: Error = prepare(&options, folder.path(), Mode::Attached).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
