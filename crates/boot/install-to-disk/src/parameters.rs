//! What the kernel command line says.

use pinned_url::PinnedUrl;

use crate::Selector;

/// The argument that names the disk; those for the rest begin like it.
const DISK: &str = "bottlerocket.install";
const WIPE: &str = "bottlerocket.install.wipe";
const THEN: &str = "bottlerocket.install.then";
const USER_DATA: &str = "bottlerocket.install.user-data";

/// How to install.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Where to.
    pub disk: Option<Selector>,
    /// Whether what is on the disk may go.
    pub wipe: bool,
    /// What comes then.
    pub then: Then,
    /// Where the node fetches its user data.
    pub user_data: Option<PinnedUrl>,
}

/// What becomes of the machine when it is installed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Then {
    /// It is switched off: the medium of the installer can be taken out.
    #[default]
    PowerOff,
    /// It starts again.
    Reboot,
}

/// Why the command line is not followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk.
    #[error("the kernel argument {DISK}=`{}` names no disk\nhint: {hint}", value.escape_debug())]
    Disk {
        /// What it says.
        value: String,
        /// What it may say.
        hint: &'static str,
    },
    /// What comes then.
    #[error("the kernel argument {THEN}=`{}` is not known\nhint: poweroff or reboot", .0.escape_debug())]
    Then(String),
    /// Where user data are.
    #[error("the kernel argument {USER_DATA}: {0}")]
    UserData(#[from] pinned_url::Invalid),
    /// An argument that begins like ours, but is none.
    #[error("there is no kernel argument {}\nhint: {DISK}, {WIPE}, {THEN} and {USER_DATA}", .0.escape_debug())]
    Unknown(String),
}

impl Parameters {
    /// Reads a kernel command line. Of arguments that are there more than once, the last
    /// one counts.
    ///
    /// # Errors
    ///
    /// See [`Error`]: a disk is not to be written to because of a slip.
    pub fn parse(line: &str) -> Result<Parameters, Error> {
        let mut parameters = Parameters::default();
        for argument in kernel_cmdline::arguments(line) {
            let value = argument.value.unwrap_or_default();
            match argument.name {
                DISK => parameters.disk = Some(selector(value)?),
                WIPE if argument.value.is_none() => parameters.wipe = true,
                THEN => parameters.then = then(value)?,
                USER_DATA => parameters.user_data = Some(value.parse()?),
                name if name.starts_with(DISK) => return Err(Error::Unknown(name.to_owned())),
                _ => {}
            }
        }
        Ok(parameters)
    }

    /// The arguments that say this.
    pub fn arguments(&self) -> Vec<String> {
        let disk = self.disk.iter().map(|disk| format!("{DISK}=\"{disk}\""));
        let wipe = self.wipe.then(|| WIPE.to_owned());
        let then = (self.then == Then::Reboot).then(|| format!("{THEN}=reboot"));
        let user_data = self.user_data.iter();
        let user_data = user_data.map(|address| format!("{USER_DATA}={address}"));
        disk.chain(wipe).chain(then).chain(user_data).collect()
    }
}

fn selector(value: &str) -> Result<Selector, Error> {
    value.parse().map_err(|hint| Error::Disk {
        value: value.to_owned(),
        hint,
    })
}

fn then(value: &str) -> Result<Then, Error> {
    match value {
        "poweroff" => Ok(Then::PowerOff),
        "reboot" => Ok(Then::Reboot),
        other => Err(Error::Then(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADDRESS: &str = "https://example.com/node.toml?rack=7#sha256=\
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn arguments_are_found_among_others() {
        let line = format!(
            "console=ttyS0 bottlerocket.install=\"serial:A B\" roothash=00 \
             bottlerocket.install.wipe bottlerocket.install.then=reboot \
             bottlerocket.install.user-data={ADDRESS} quiet"
        );
        let expected = Parameters {
            disk: Some(Selector::Serial("A B".to_owned())),
            wipe: true,
            then: Then::Reboot,
            user_data: Some(ADDRESS.parse().unwrap()),
        };
        assert_eq!(Parameters::parse(&line).unwrap(), expected);
        let none = Parameters::parse("console=ttyS0 bottlerocket.platform=metal").unwrap();
        assert_eq!(none, Parameters::default());
    }

    #[test]
    fn slips_are_refused() {
        for (line, expected) in [
            ("bottlerocket.install", "names no disk"),
            ("bottlerocket.install=sda", "names no disk"),
            ("bottlerocket.install.wipe=no", "no kernel argument"),
            ("bottlerocket.install.whipe", "no kernel argument"),
            ("bottlerocket.installer=/dev/sda", "no kernel argument"),
            ("bottlerocket.install.then=halt", "poweroff or reboot"),
            ("bottlerocket.install.user-data", "it has no digest"),
            (
                "bottlerocket.install.user-data=http://h/",
                "it has no digest",
            ),
        ] {
            let error = Parameters::parse(line).unwrap_err().to_string();
            assert!(
                error.contains(expected) && error.contains("hint: "),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_told_is_read(
            serial in "[A-Za-z0-9_ -]{0,9}[A-Z]",
            wipe: bool,
            reboot: bool,
            elsewhere: bool,
        ) {
            let serial = serial.trim().to_owned();
            let parameters = Parameters {
                disk: Some(Selector::Serial(serial)),
                wipe,
                then: if reboot { Then::Reboot } else { Then::PowerOff },
                user_data: elsewhere.then(|| ADDRESS.parse().unwrap()),
            };
            let line = parameters.arguments().join(" ");
            prop_assert_eq!(Parameters::parse(&line).unwrap(), parameters);
        }

        #[test]
        fn any_line_can_be_read(line in "(bottlerocket.install|[ =.\"a-z/:-])*") {
            let _ = Parameters::parse(&line);
        }
    }
}
