//! Which mirror to download from.

use crate::Error;
use std::process::Command;

/// A Debian mirror and the archive of its security updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Base URL of the main archive, the part before `/dists`.
    pub main: String,
    /// Base URL of the security archive, if known.
    pub security: Option<String>,
}

impl Mirror {
    /// A mirror named by the user. The security archive lies beside it, as on
    /// every public mirror network.
    pub fn named(main: &str) -> Mirror {
        let main = main.trim_end_matches('/').to_owned();
        let security = Some(format!("{main}-security"));
        Mirror { main, security }
    }

    /// The mirror the host itself uses.
    pub fn of_host() -> Result<Mirror, Error> {
        let listing = process::stdout(Command::new("apt-get").args([
            "indextargets",
            "--format",
            "$(LABEL)|$(SITE)",
            "Created-By: Packages",
        ]))?;
        parse_targets(&listing).ok_or(Error::NoMirror)
    }
}

fn parse_targets(listing: &str) -> Option<Mirror> {
    let site = |label: &str| {
        listing
            .lines()
            .filter_map(|line| line.split_once('|'))
            .find(|(l, _)| *l == label)
            .map(|(_, site)| site.trim_end_matches('/').to_owned())
    };
    let main = site("Debian")?;
    let security = site("Debian-Security").or_else(|| Some(format!("{main}-security")));
    Some(Mirror { main, security })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_mirror_is_recognised_by_label() {
        let listing = "Node|https://example.org/node\n\
            Debian|http://mirror.example/debian/\n\
            Debian-Security|http://security.example/debian-security/\n";
        let mirror = parse_targets(listing).unwrap();
        assert_eq!(mirror.main, "http://mirror.example/debian");
        assert_eq!(
            mirror.security.as_deref(),
            Some("http://security.example/debian-security")
        );
        assert_eq!(parse_targets("Ubuntu|http://mirror.example/ubuntu\n"), None);
    }

    #[test]
    fn a_named_mirror_has_its_security_archive_beside_it() {
        let mirror = Mirror::named("http://mirror.example/debian/");
        assert_eq!(
            mirror.security.as_deref(),
            Some("http://mirror.example/debian-security")
        );
    }
}
