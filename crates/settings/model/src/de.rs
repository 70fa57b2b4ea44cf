//! Reads a tree into types, keeping what a message needs: serde's errors are
//! text only, these hold the unknown name and the names that would do.

use std::fmt::{self, Display};

use document::nearest;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};

use crate::error::unknown;
use crate::key::write_segment;
use crate::{Error, Settings};

/// Reads a tree into the types of the model.
pub(crate) fn read(tree: &Value) -> Result<Settings, Error> {
    Settings::deserialize(Node(tree)).map_err(|fault| {
        let hint = fault.problem.hint();
        Error::new(fault.key(), fault.to_string()).with_hint(hint)
    })
}

/// The names of a struct's fields, as its `Deserialize` knows them.
pub(crate) fn fields<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    match T::deserialize(Fields) {
        Err(Fault {
            problem: Problem::Unknown { expected, .. },
            ..
        }) => expected,
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

/// What serde found wrong, and where.
#[derive(Debug)]
struct Fault {
    problem: Problem,
    /// The place, from the inside out.
    path: Vec<Segment>,
}

#[derive(Debug)]
enum Problem {
    Message(String),
    Unknown {
        what: &'static str,
        name: String,
        expected: &'static [&'static str],
    },
}

/// A step on the way to a place in the tree.
#[derive(Debug)]
enum Segment {
    Name(String),
    Index(usize),
}

impl Fault {
    /// The fault as it is seen from one level further out.
    fn below(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }

    fn key(&self) -> String {
        let mut key = String::from("settings");
        for segment in self.path.iter().rev() {
            match segment {
                Segment::Index(index) => key.push_str(&format!("[{index}]")),
                Segment::Name(name) => {
                    key.push('.');
                    write_segment(&mut key, name);
                }
            }
        }
        key
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let path = Vec::new();
        Fault { problem, path }
    }
}

impl Problem {
    fn hint(&self) -> Option<String> {
        match self {
            Problem::Message(_) => None,
            Problem::Unknown { name, expected, .. } => {
                nearest(name, expected).map(|guess| format!("did you mean `{guess}`?"))
            }
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Message(text) => f.write_str(text),
            Problem::Unknown {
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
        Problem::Message(message.to_string()).into()
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        let (what, name) = ("field", name.to_owned());
        Problem::Unknown {
            what,
            name,
            expected,
        }
        .into()
    }

    fn unknown_variant(name: &str, expected: &'static [&'static str]) -> Self {
        let (what, name) = ("value", name.to_owned());
        Problem::Unknown {
            what,
            name,
            expected,
        }
        .into()
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

/// The entries of a list.
struct Items<'de> {
    left: std::slice::Iter<'de, Value>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(value) = self.left.next() else {
            return Ok(None);
        };
        let read = seed.deserialize(Node(value));
        let read = read.map_err(|fault| fault.below(Segment::Index(self.index)))?;
        self.index += 1;
        Ok(Some(read))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// The members of an object.
struct Members<'de> {
    left: serde_json::map::Iter<'de>,
    /// Whose name has been read.
    current: Option<(&'de str, &'de Value)>,
}

impl<'de> Members<'de> {
    fn of(values: &'de serde_json::Map<String, Value>) -> Self {
        Members {
            left: values.iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((name, value)) = self.left.next() else {
            return Ok(None);
        };
        self.current = Some((name, value));
        let key: StrDeserializer<'_, Fault> = name.as_str().into_deserializer();
        let read = seed.deserialize(key);
        read.map(Some)
            .map_err(|fault| fault.below(Segment::Name(name.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, value) = self
            .current
            .take()
            .ok_or_else(|| <Fault as de::Error>::custom("a value was read before its name"))?;
        let read = seed.deserialize(Node(value));
        read.map_err(|fault| fault.below(Segment::Name(name.to_owned())))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
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
                let mut items = Items {
                    left: values.iter(),
                    index: 0,
                };
                let read = visitor.visit_seq(&mut items)?;
                match items.left.len() {
                    0 => Ok(read),
                    more => Err(de::Error::custom(format!("{more} entries too many"))),
                }
            }
            Value::Object(values) => visitor.visit_map(Members::of(values)),
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
                visitor.visit_enum(MapAccessDeserializer::new(Members::of(values)))
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
