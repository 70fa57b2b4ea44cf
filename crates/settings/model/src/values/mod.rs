//! Values that cannot be wrong: each type checks its text when it is made.

mod address;
mod boot;
mod duration;
mod encoded;
mod hostname;
mod hugepages;
mod identifier;
mod kubernetes;
mod number;
mod nvidia;
mod one_or_many;
mod quantity;
mod size;
mod sysctl;
mod text;
mod url;
mod version;

pub use address::IpAddress;
pub use boot::{BootParameter, BootParameterValue};
pub use duration::GoDuration;
pub use encoded::{Base64, Base64Json, CertificateBundle};
pub use hostname::{DnsDomain, Hostname};
pub use hugepages::{HugepageCount, HugepageSize};
pub use identifier::{EcsAttribute, EcsAttributeValue, Identifier, ModuleName};
pub use kubernetes::{BootstrapToken, ClusterName, CpuSet, LabelKey, LabelValue, NumaNode, Taint};
pub use number::{Bounded, NonNegative, Percentage, Positive, ResourceLimit};
pub use nvidia::{GpuModel, MigProfile};
pub use one_or_many::{List, OneOrMany};
pub use quantity::{EvictionThreshold, Quantity};
pub use size::{ByteSize, ByteSizeLimit};
pub use sysctl::SysctlKey;
pub use text::{ApiclientCommand, Argument, Motd, SingleLineString};
pub use url::Url;
pub use version::VersionLock;

use crate::error::printable;

/// A text that a type of the model refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} `{}`: {reason}", printable(text))]
pub struct BadValue {
    /// What the text was to be.
    pub what: &'static str,
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Declares a type that holds text for which `check` returns no reason against
/// it, and that is a plain string wherever it is read or written. Words of
/// JSON Schema may follow, as far as they can say what `check` does.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr $(, $word:literal = $value:expr)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[schemars(title = $what $(, extend($word = $value))*)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = $crate::BadValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(&text) {
                    Ok(()) => Ok($name(text)),
                    Err(reason) => Err($crate::BadValue { what: $what, text, reason }),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::BadValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use text_type;

/// Declares an enum each of whose values is one word, written as given.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $(
                $(#[$about])*
                #[serde(rename = $word)]
                $value,
            )*
        }
    };
}

pub(crate) use choice;

#[cfg(test)]
pub(crate) mod tests {
    use std::fmt::Debug;
    use std::str::FromStr;

    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use crate::BadValue;

    /// Holds a type against the JSON it must take, with what it writes for it,
    /// and the JSON it must refuse, with its message.
    pub(crate) fn forms<T>(good: &[(Value, Value)], bad: &[(Value, &str)])
    where
        T: DeserializeOwned + Serialize + Debug,
    {
        for (given, normal) in good {
            let value: T = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(serde_json::to_value(&value).unwrap(), *normal, "{given}");
        }
        for (given, message) in bad {
            let error = serde_json::from_value::<T>(given.clone()).unwrap_err();
            assert_eq!(error.to_string(), *message, "{given}");
        }
    }

    /// Holds a type against what it must take and what it must refuse, and why.
    pub(crate) fn table<T>(good: &[&str], bad: &[(&str, &str)])
    where
        T: FromStr<Err = BadValue> + Debug + AsRef<str>,
    {
        for text in good {
            match text.parse::<T>() {
                Ok(value) => assert_eq!(value.as_ref(), *text),
                Err(e) => panic!("{e}"),
            }
        }
        for (text, reason) in bad {
            match text.parse::<T>() {
                Ok(_) => panic!("{text:?} was taken"),
                Err(e) => assert_eq!(e.reason, *reason, "{text:?}"),
            }
        }
    }
}
