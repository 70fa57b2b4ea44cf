//! What is wrong with a configuration, and where.

use std::fmt;

use document::Position;

use super::{BadValue, Label};

/// Why a `net.toml` is refused: one reason, with its place in the text.
/// Displayed as `line:column: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    position: Option<Position>,
    reason: Reason,
    excerpt: Option<String>,
}

impl Error {
    pub(super) fn new(reason: Reason) -> Self {
        Self {
            position: None,
            reason,
            excerpt: None,
        }
    }

    pub(super) fn of(text: &str, fault: Fault) -> Self {
        let position = Position::of(text, fault.at);
        Self {
            excerpt: document::excerpt(text, position),
            position: Some(position),
            reason: fault.reason,
        }
    }

    /// Where in the text, if it is about one place.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// What is wrong.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The line concerned, with a mark below the place.
    pub fn excerpt(&self) -> Option<&str> {
        self.excerpt.as_deref()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.reason.hint()
    }

    /// As displayed, behind the place that the text came from:
    /// `origin:line:column: reason`.
    pub fn located(&self, origin: &str) -> String {
        match self.position {
            Some(_) => format!("{origin}:{self}"),
            None => format!("{origin}: {self}"),
        }
    }

    /// All of it, over several lines, for a person.
    pub fn explain(&self, origin: &str) -> String {
        let mut text = self.located(origin);
        let hint = self.hint().map(|hint| format!("hint: {hint}"));
        for part in self.excerpt.iter().chain(&hint) {
            text.push('\n');
            text.push_str(part);
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}: ")?;
        }
        self.reason.fmt(f)
    }
}

impl std::error::Error for Error {}

/// A reason and its place, a byte offset.
#[derive(Debug)]
pub(super) struct Fault {
    at: usize,
    reason: Reason,
}

/// What can be wrong with a configuration. Keys are as in the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what it is")]
pub enum Reason {
    #[error("the document is larger than {} bytes", super::MAX_BYTES)]
    TooLarge,
    #[error("failed to start a thread: {0}")]
    NoThread(String),
    #[error("invalid TOML: {0}")]
    Syntax(String),
    #[error("`{0}` is missing")]
    Missing(String),
    #[error("`{key}` is not known here")]
    Unknown { key: String, guess: Option<String> },
    #[error("`{key}` must be {wanted}")]
    WrongType { key: String, wanted: &'static str },
    #[error("`{key}`: {source}")]
    BadValue { key: String, source: BadValue },
    #[error("version {0} of net.toml is not known")]
    UnknownVersion(i64),
    #[error("`{key}` needs version {needed} of net.toml, this is version {version}")]
    NeedsVersion {
        key: String,
        needed: i64,
        version: i64,
    },
    #[error("no device is configured")]
    NoDevice,
    #[error("no device has addresses")]
    NoAddresses,

    #[error("`{0}` says nothing about addresses")]
    NoAddressing(String),
    #[error("`{0}` is empty")]
    Empty(String),
    #[error("`{key}` must hold {family} addresses")]
    WrongFamily { key: String, family: &'static str },
    #[error("`{0}` is there twice")]
    Twice(String),
    #[error("`{dhcp}` and `{fixed}` exclude each other")]
    DhcpAndStatic { dhcp: String, fixed: String },
    #[error("`{key}` needs static addresses of its family")]
    RouteWithoutAddresses { key: String, needed: &'static str },
    #[error("`{0}` mixes IPv4 and IPv6")]
    MixedRoute(String),
    #[error("`{0}` is not reached through any network of this device")]
    UnreachableGateway(String),
    #[error("`{0}` is not a static address of this node")]
    ForeignSource(String),
    #[error("`{0}` is less than the 1280 bytes that IPv6 needs")]
    MtuBelowIpv6(String),

    #[error("`{0}` is called by its MAC address, which is only for interfaces that exist")]
    MacForVirtual(String),
    #[error("`{0}` is for interfaces that exist, not for a device made here")]
    MatchForVirtual(String),
    #[error("`{0}` is called by its MAC address, which says already which interface it is")]
    MatchForMac(String),
    #[error("`{0}` must be a name, not a MAC address")]
    MacAsReference(String),
    #[error("`{key}` is more than the {members} members of the bond")]
    TooManyLinks { key: String, members: usize },
    #[error("`{0}` must be one of the two kinds, with all of its keys")]
    MixedMonitoring(String),
    #[error("`{delay}` is shorter than `{frequency}`")]
    ShortDelay { delay: String, frequency: String },
    #[error("`{0}` must list 1 to 16 hosts")]
    WrongTargetCount(String),

    #[error("`{second}` is a second primary device, `{first}` is one already")]
    TwoPrimaries { first: Label, second: Label },
    #[error("`{0}` is the primary device, but has no addresses")]
    PrimaryWithoutAddresses(Label),
    #[error("`{second}` is about the same interface as `{first}`")]
    SameInterface { first: Label, second: Label },
    #[error("`{member}` is a member of `{first}` already")]
    MemberTwice { member: Label, first: Label },
    #[error("`{member}` is a member of `{bond}`, and must not be more than that")]
    MemberWithMore { member: Label, bond: Label },
    #[error("`{member}` is a device made here, and cannot be a member of a bond")]
    VirtualMember { member: Label },
    #[error("`{device}` is a member of `{bond}`, and cannot carry a VLAN")]
    VlanOnMember { device: Label, bond: Label },
    #[error("`{0}` is on top of itself")]
    VlanLoop(Label),
    #[error("`{second}` has the same device and id as `{first}`")]
    SameVlan { first: Label, second: Label },
    #[error("the MTU of `{vlan}` is larger than that of `{device}` below it")]
    VlanMtu { vlan: Label, device: Label },
}

impl Reason {
    pub(super) fn at(self, at: usize) -> Fault {
        Fault { at, reason: self }
    }

    /// What to do about it, where that is not plain from the message.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unknown { guess, .. } => {
                return guess.as_ref().map(|g| format!("did you mean `{g}`?"));
            }
            Self::UnknownVersion(_) => "versions are 1, 2 and 3",
            Self::NeedsVersion { needed, .. } => {
                return Some(format!("say `version = {needed}` at the top"));
            }
            Self::NoDevice => "add a table for an interface, such as `[eth0]` with `dhcp4 = true`",
            Self::NoAddresses | Self::NoAddressing(_) => {
                "add `dhcp4`, `dhcp6`, `static4` or `static6`"
            }
            Self::DhcpAndStatic { .. } => "keep one of them",
            Self::RouteWithoutAddresses { needed, .. } => {
                return Some(format!("add `{needed}`; routes do not go with DHCP"));
            }
            Self::UnreachableGateway(_) => {
                "if it is on the link all the same, add a route to it without `via`"
            }
            Self::MacAsReference(_) => {
                "give the interface a table with `match.mac`, and use that table's name"
            }
            Self::MixedMonitoring(_) => {
                "take `miimon-frequency-ms`, `miimon-updelay-ms`, `miimon-downdelay-ms`, or \
                 `arpmon-interval-ms`, `arpmon-validate`, `arpmon-targets`"
            }
            Self::TwoPrimaries { .. } => "keep `primary = true` for one device",
            Self::MemberWithMore { .. } => "move addresses and routes to the bond",
            Self::VlanOnMember { .. } => "put the VLAN on the bond",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<(String, BadValue)> for Reason {
    fn from((key, source): (String, BadValue)) -> Self {
        Self::BadValue { key, source }
    }
}

impl From<(String, std::net::AddrParseError)> for Reason {
    fn from((key, _): (String, std::net::AddrParseError)) -> Self {
        let source = BadValue {
            what: "an address",
            reason: "must be an IP address without prefix, such as 192.0.2.1",
        };
        Self::BadValue { key, source }
    }
}
