//! Addresses of the Internet Protocol.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BadValue;

/// An IP address of version 4 or 6, without a prefix length. It is written back
/// in its shortest form (RFC 5952).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(title = "IP address", extend("anyOf" = [{"format": "ipv4"}, {"format": "ipv6"}]))]
#[serde(try_from = "String", into = "String")]
pub struct IpAddress(IpAddr);

impl IpAddress {
    /// The address.
    pub fn get(self) -> IpAddr {
        self.0
    }
}

impl TryFrom<String> for IpAddress {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        text.parse().map(IpAddress).map_err(|_| BadValue {
            what: "IP address",
            text,
            reason: "it must be an address of version 4 or 6, such as `192.0.2.1` or `2001:db8::1`",
        })
    }
}

impl FromStr for IpAddress {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        text.to_owned().try_into()
    }
}

impl From<IpAddress> for String {
    fn from(address: IpAddress) -> String {
        address.to_string()
    }
}

impl fmt::Display for IpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::forms;
    use super::*;

    #[test]
    fn addresses() {
        let reason =
            "it must be an address of version 4 or 6, such as `192.0.2.1` or `2001:db8::1`";
        let bad = |text: &str| format!("invalid IP address `{text}`: {reason}");
        forms::<IpAddress>(
            &[
                (json!("10.0.0.1"), json!("10.0.0.1")),
                (json!("0:0:0:0:0:0:0:1"), json!("::1")),
                (json!("2001:DB8::1"), json!("2001:db8::1")),
            ],
            &[
                (json!(""), &bad("")),
                (json!("10.0.0"), &bad("10.0.0")),
                (json!("010.0.0.1"), &bad("010.0.0.1")),
                (json!("10.0.0.1/24"), &bad("10.0.0.1/24")),
                (json!("[::1]"), &bad("[::1]")),
                (json!("fe80::1%eth0"), &bad("fe80::1%eth0")),
                (json!("localhost"), &bad("localhost")),
                (json!(1), "invalid type: integer `1`, expected a string"),
            ],
        );
    }
}
