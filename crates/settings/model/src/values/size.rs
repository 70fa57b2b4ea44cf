//! Amounts of bytes.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

const PATTERN: &str = r"^[0-9]+(\.[0-9]+)? ?([bB]|[kKmMgGtT]([iI]?[bB])?)?$";

/// An amount of bytes: a number, or text with a unit, such as `8mib` or `32 MB`
/// (units of 1024 with `i`, else of 1000; letters of either case). The normal
/// form is the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ByteSize(u64);

impl ByteSize {
    /// The number of bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

/// An amount of bytes as in [`ByteSize`], or `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteSizeLimit {
    /// There is no limit.
    Unlimited,
    /// There is one.
    Size(ByteSize),
}

impl Serialize for ByteSizeLimit {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self {
            ByteSizeLimit::Unlimited => writer.serialize_str("unlimited"),
            ByteSizeLimit::Size(size) => size.serialize(writer),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        match reader.deserialize_any(SizeVisitor {
            may_be_unlimited: false,
        })? {
            ByteSizeLimit::Size(size) => Ok(size),
            ByteSizeLimit::Unlimited => unreachable!("the visitor was told not to take it"),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSizeLimit {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(SizeVisitor {
            may_be_unlimited: true,
        })
    }
}

struct SizeVisitor {
    may_be_unlimited: bool,
}

impl Visitor<'_> for SizeVisitor {
    type Value = ByteSizeLimit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of bytes, or text such as `8mib`")?;
        if self.may_be_unlimited {
            f.write_str(" or `unlimited`")?;
        }
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSizeLimit, E> {
        match i64::try_from(bytes) {
            Ok(1..) => Ok(ByteSizeLimit::Size(ByteSize(bytes))),
            _ => Err(E::invalid_value(Unexpected::Unsigned(bytes), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSizeLimit, E> {
        match u64::try_from(bytes) {
            Ok(bytes) => self.visit_u64(bytes),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(bytes), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSizeLimit, E> {
        if self.may_be_unlimited && text == "unlimited" {
            return Ok(ByteSizeLimit::Unlimited);
        }
        match parse(text) {
            Some(bytes) => self.visit_u64(bytes),
            None => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

fn parse(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let scale: u64 = match unit.as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // Six digits are a byte of a megabyte; and the arithmetic stays exact.
    let places = u32::try_from(fraction.len())
        .ok()
        .filter(|places| (1..=6).contains(places))?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    let part = fraction.parse::<u64>().ok()?.checked_mul(scale)? / 10_u64.pow(places);
    whole.checked_add(part)
}

impl JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "number of bytes",
            "description": "A number of bytes, or text with a unit such as `8mib`.",
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": PATTERN}],
        })
    }
}

impl JsonSchema for ByteSizeLimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSizeLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "number of bytes or `unlimited`",
            "description": "A number of bytes, text with a unit such as `8mib`, or `unlimited`.",
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": PATTERN},
                {"const": "unlimited"},
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::forms;
    use super::*;

    #[test]
    fn sizes() {
        let expected = ", expected a number of bytes, or text such as `8mib`";
        let bad = |text: &str| format!("invalid value: string \"{text}\"{expected}");
        forms::<ByteSize>(
            &[
                (json!(512), json!(512)),
                (json!("1024"), json!(1024)),
                (json!("1kb"), json!(1000)),
                (json!("3MiB"), json!(3 << 20)),
                (json!("2 gb"), json!(2_000_000_000_u64)),
                (json!("1.5kib"), json!(1536)),
            ],
            &[
                (json!(0), &format!("invalid value: integer `0`{expected}")),
                (json!(-1), &format!("invalid value: integer `-1`{expected}")),
                (json!("0"), &format!("invalid value: integer `0`{expected}")),
                (json!(""), &bad("")),
                (json!("."), &bad(".")),
                (json!("1."), &bad("1.")),
                (json!("1.0000001mb"), &bad("1.0000001mb")),
                (json!("mb"), &bad("mb")),
                (json!("1  mb"), &bad("1  mb")),
                (json!("-1mb"), &bad("-1mb")),
                (json!("1mibi"), &bad("1mibi")),
                (json!("99999999999tib"), &bad("99999999999tib")),
                (json!("unlimited"), &bad("unlimited")),
            ],
        );
    }

    #[test]
    fn limits() {
        forms::<ByteSizeLimit>(
            &[
                (json!("unlimited"), json!("unlimited")),
                (json!("16mb"), json!(16_000_000)),
                (json!(1), json!(1)),
            ],
            &[(
                json!("none"),
                "invalid value: string \"none\", expected a number of bytes, or text such as `8mib` or `unlimited`",
            )],
        );
    }
}
