//! Numbers within bounds, and numbers that may be written as text.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A whole number from `LEAST` to `MOST`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Bounded<const LEAST: i64, const MOST: i64>(i64);

/// A number from 0 to 2147483647.
pub type NonNegative = Bounded<0, { i32::MAX as i64 }>;

/// A number from 1 to 2147483647.
pub type Positive = Bounded<1, { i32::MAX as i64 }>;

impl<const LEAST: i64, const MOST: i64> Bounded<LEAST, MOST> {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<'de, const LEAST: i64, const MOST: i64> Deserialize<'de> for Bounded<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_i64(WholeNumber::<LEAST, MOST>).map(Self)
    }
}

struct WholeNumber<const LEAST: i64, const MOST: i64>;

impl<const LEAST: i64, const MOST: i64> Visitor<'_> for WholeNumber<LEAST, MOST> {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer from {LEAST} to {MOST}")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        if (LEAST..=MOST).contains(&number) {
            Ok(number)
        } else {
            Err(E::invalid_value(Unexpected::Signed(number), &self))
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }
}

impl<const LEAST: i64, const MOST: i64> JsonSchema for Bounded<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Bounded_{LEAST}_{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": LEAST, "maximum": MOST})
    }
}

/// A share of a whole in percent, from 0 to 100: a number, or the same number
/// as text. It is written back as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percentage {
    /// Written as a number.
    Number(u8),
    /// Written as text.
    Text(u8),
}

impl Percentage {
    /// The number.
    pub fn get(self) -> u8 {
        match self {
            Percentage::Number(share) | Percentage::Text(share) => share,
        }
    }
}

impl Serialize for Percentage {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self {
            Percentage::Number(share) => writer.serialize_u8(*share),
            Percentage::Text(share) => writer.collect_str(share),
        }
    }
}

impl<'de> Deserialize<'de> for Percentage {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(PercentageVisitor)
    }
}

struct PercentageVisitor;

impl Visitor<'_> for PercentageVisitor {
    type Value = Percentage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer from 0 to 100")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Percentage, E> {
        match u8::try_from(number) {
            Ok(share @ 0..=100) => Ok(Percentage::Number(share)),
            _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Percentage, E> {
        match u8::try_from(number) {
            Ok(share @ 0..=100) => Ok(Percentage::Number(share)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Percentage, E> {
        let is_plain = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u8>() {
            Ok(share @ 0..=100) if is_plain => Ok(Percentage::Text(share)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl JsonSchema for Percentage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percentage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "percentage",
            "description": "A whole number from 0 to 100, or the same number as text.",
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 100},
                {"type": "string", "pattern": "^0*([0-9]{1,2}|100)$"},
            ],
        })
    }
}

/// A limit on what a process may use: a number, or `unlimited`, which is also
/// written -1. The normal form is the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ResourceLimit(i64);

impl ResourceLimit {
    /// The limit; none if there is none.
    pub fn get(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for ResourceLimit {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(LimitVisitor)
    }
}

struct LimitVisitor;

impl Visitor<'_> for LimitVisitor {
    type Value = ResourceLimit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer that is not negative, -1 or `unlimited`")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ResourceLimit, E> {
        if number >= -1 {
            Ok(ResourceLimit(number))
        } else {
            Err(E::invalid_value(Unexpected::Signed(number), &self))
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ResourceLimit, E> {
        i64::try_from(number)
            .map(ResourceLimit)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ResourceLimit, E> {
        match text {
            "unlimited" => Ok(ResourceLimit(-1)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl JsonSchema for ResourceLimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ResourceLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "integer or `unlimited`",
            "description": "A number, or `unlimited`, which is also written -1.",
            "anyOf": [{"type": "integer", "minimum": -1}, {"const": "unlimited"}],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::forms;
    use super::*;

    #[test]
    fn bounded_numbers() {
        let range = ", expected an integer from -1 to 5";
        forms::<Bounded<-1, 5>>(
            &[
                (json!(-1), json!(-1)),
                (json!(0), json!(0)),
                (json!(5), json!(5)),
            ],
            &[
                (json!(-2), &format!("invalid value: integer `-2`{range}")),
                (json!(6), &format!("invalid value: integer `6`{range}")),
                (
                    json!(u64::MAX),
                    &format!("invalid value: integer `18446744073709551615`{range}"),
                ),
                (
                    json!(1.0),
                    &format!("invalid type: floating point `1.0`{range}"),
                ),
                (json!("1"), &format!("invalid type: string \"1\"{range}")),
            ],
        );
    }

    #[test]
    fn percentages_keep_their_form() {
        let range = ", expected an integer from 0 to 100";
        forms::<Percentage>(
            &[
                (json!(0), json!(0)),
                (json!(100), json!(100)),
                (json!("85"), json!("85")),
            ],
            &[
                (json!(-1), &format!("invalid value: integer `-1`{range}")),
                (json!(101), &format!("invalid value: integer `101`{range}")),
                (
                    json!("101"),
                    &format!("invalid value: string \"101\"{range}"),
                ),
                (json!("+1"), &format!("invalid value: string \"+1\"{range}")),
                (json!(""), &format!("invalid value: string \"\"{range}")),
                (
                    json!("85%"),
                    &format!("invalid value: string \"85%\"{range}"),
                ),
                (
                    json!(8.5),
                    &format!("invalid type: floating point `8.5`{range}"),
                ),
            ],
        );
    }

    #[test]
    fn limits() {
        let expected = ", expected an integer that is not negative, -1 or `unlimited`";
        forms::<ResourceLimit>(
            &[
                (json!(0), json!(0)),
                (json!(i64::MAX), json!(i64::MAX)),
                (json!(-1), json!(-1)),
                (json!("unlimited"), json!(-1)),
            ],
            &[
                (json!(-2), &format!("invalid value: integer `-2`{expected}")),
                (
                    json!("Unlimited"),
                    &format!("invalid value: string \"Unlimited\"{expected}"),
                ),
                (
                    json!("1"),
                    &format!("invalid value: string \"1\"{expected}"),
                ),
                (
                    Value::Bool(true),
                    &format!("invalid type: boolean `true`{expected}"),
                ),
            ],
        );
        assert_eq!(ResourceLimit(-1).get(), None);
        assert_eq!(ResourceLimit(7).get(), Some(7));
    }
}
