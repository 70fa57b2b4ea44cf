//! Reads a tree into types, keeping what a message needs: serde's errors are
//! text only, these hold the unknown name and the names that would do.

use std::fmt::{self, Display};

use document::nearest;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};
use serde_path_to_error::Segment;

use crate::error::unknown;
use crate::key::write_segment;
use crate::{Error, Settings};

/// Reads a tree into the types of the model.
pub(crate) fn read(tree: &Value) -> Result<Settings, Error> {
    let mut track = serde_path_to_error::Track::new();
    let reader = serde_path_to_error::Deserializer::new(Node(tree), &mut track);
    Settings::deserialize(reader).map_err(|fault| {
        let key = dotted(&track.path());
        let hint = fault.hint();
        Error::new(key, fault.to_string()).with_hint(hint)
    })
}

/// The names of a struct's fields, as its `Deserialize` knows them.
pub(crate) fn fields<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    match T::deserialize(Fields) {
        Err(Fault::Unknown { expected, .. }) => expected,
        _ => &[],
    }
}

/// A reader that reads nothing, but answers with the fields it is asked for.
struct Fields;

impl<'de> Deserializer<'de> for Fields {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(de::Error::custom("it is not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Fault> {
        Err(de::Error::unknown_field("", fields))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct seq tuple tuple_struct map option
        newtype_struct enum identifier ignored_any
    }
}

fn dotted(path: &serde_path_to_error::Path) -> String {
    let mut key = String::from("settings");
    for segment in path {
        match segment {
            Segment::Seq { index } => key.push_str(&format!("[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                key.push('.');
                write_segment(&mut key, name);
            }
            Segment::Unknown => key.push_str(".?"),
        }
    }
    key
}

/// What serde found wrong.
#[derive(Debug)]
enum Fault {
    Message(String),
    Unknown {
        what: &'static str,
        name: String,
        expected: &'static [&'static str],
    },
}

impl Fault {
    fn hint(&self) -> Option<String> {
        match self {
            Fault::Message(_) => None,
            Fault::Unknown { name, expected, .. } => {
                nearest(name, expected).map(|guess| format!("did you mean `{guess}`?"))
            }
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Message(text) => f.write_str(text),
            Fault::Unknown {
                what,
                name,
                expected,
            } => f.write_str(&unknown(what, name, expected)),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Fault::Message(message.to_string())
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        Fault::Unknown {
            what: "field",
            name: name.to_owned(),
            expected,
        }
    }

    fn unknown_variant(name: &str, expected: &'static [&'static str]) -> Self {
        Fault::Unknown {
            what: "value",
            name: name.to_owned(),
            expected,
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        match unexpected {
            // What serde calls a unit is a null to whoever wrote it.
            Unexpected::Unit => Fault::custom(format!("invalid type: null, expected {expected}")),
            other => Fault::custom(format!("invalid type: {other}, expected {expected}")),
        }
    }
}

fn number<'de, V: Visitor<'de>>(value: &Number, visitor: V) -> Result<V::Value, Fault> {
    if let Some(value) = value.as_u64() {
        visitor.visit_u64(value)
    } else if let Some(value) = value.as_i64() {
        visitor.visit_i64(value)
    } else {
        // Any JSON number has a nearest float.
        visitor.visit_f64(value.as_f64().unwrap_or(f64::NAN))
    }
}

/// A place in the tree.
struct Node<'de>(&'de Value);

impl<'de> IntoDeserializer<'de, Fault> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(value) => number(value, visitor),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Array(values) => {
                let mut entries = SeqDeserializer::new(values.iter().map(Node));
                let read = visitor.visit_seq(&mut entries)?;
                entries.end()?;
                Ok(read)
            }
            Value::Object(values) => {
                let mut entries =
                    MapDeserializer::new(values.iter().map(|(k, v)| (k.as_str(), Node(v))));
                let read = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    // The visitors that serde derives also take a list, by position; nobody
    // means that.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let found = match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(value) => Unexpected::Str(value),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => return self.deserialize_any(visitor),
        };
        Err(de::Error::invalid_type(found, &"a group of settings"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(variant) => visitor.visit_enum(variant.as_str().into_deserializer()),
            Value::Object(values) => {
                let entries =
                    MapDeserializer::new(values.iter().map(|(k, v)| (k.as_str(), Node(v))));
                visitor.visit_enum(MapAccessDeserializer::new(entries))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier ignored_any
    }
}
