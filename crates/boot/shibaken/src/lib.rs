//! The generator of `settings.host-containers.admin.user-data` on Amazon EC2 (applet
//! `shibaken`): whoever has the key that the instance was started with may enter.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Parser, Subcommand};
use instance_metadata::{Ec2, Patience};
use platform::Platform;
use serde_json::{Value, json};

/// What a generator ends with that has no value for its setting.
const NO_VALUE: u8 = 2;

/// The service has answered before, when user data was asked for.
const PATIENCE: Patience = Patience {
    limit: Duration::from_secs(30),
    attempt: Duration::from_secs(5),
};

/// Prints settings that the metadata service of Amazon EC2 knows.
///
/// Exit codes: 0 if there is a value, 1 if the service does not say, 2 if there is none
/// or the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "shibaken", version)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The user data of the admin container: the keys of the instance
    GenerateAdminUserdata,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| -> Result<ExitCode> {
        let What::GenerateAdminUserdata = cli.what;
        // Elsewhere, whoever listens at that address is nobody to be trusted.
        if Platform::detect(Path::new("/"))? != Platform::Aws {
            return Ok(NO_VALUE.into());
        }
        let Some(user_data) = user_data(&Ec2::with_patience(PATIENCE))? else {
            return Ok(NO_VALUE.into());
        };
        writeln!(io::stdout(), "{user_data}").context("failed to print the user data")?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The user data, as a setting has it; none if the instance has no keys.
fn user_data(service: &Ec2) -> Result<Option<Value>> {
    let keys = service.public_keys()?;
    if keys.is_empty() {
        return Ok(None);
    }
    let document = json!({"ssh": {"authorized-keys": keys}});
    Ok(Some(STANDARD.encode(document.to_string()).into()))
}

#[cfg(test)]
mod tests {
    use fake_http_server::FakeTcpServer;
    use fake_imds::{Imds, Instance};

    use super::*;

    fn of(keys: &[(&str, &str)]) -> Option<Value> {
        let mut imds = Imds::new(&Instance {
            keys: keys
                .iter()
                .map(|(n, k)| ((*n).to_owned(), (*k).to_owned()))
                .collect(),
            ..Instance::default()
        });
        let server = FakeTcpServer::start(move |request| imds.answer(request));
        user_data(&Ec2::at(server.address(), PATIENCE)).expect("an answer")
    }

    #[test]
    fn the_keys_of_the_instance_may_enter() {
        assert_eq!(of(&[]), None);
        let keys = [("me", "ssh-ed25519 AAAA me"), ("you", "ssh-rsa BBBB you")];
        let user_data = of(&keys).expect("user data");
        let text = STANDARD
            .decode(user_data.as_str().expect("text"))
            .expect("base64");
        let text = String::from_utf8(text).expect("text");
        assert_eq!(
            text,
            r#"{"ssh":{"authorized-keys":["ssh-ed25519 AAAA me","ssh-rsa BBBB you"]}}"#
        );
    }
}
