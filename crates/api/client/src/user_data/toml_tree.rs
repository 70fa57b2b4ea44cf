//! TOML to the tree that the API takes, and back from a key to its place.

use document::on_deep_stack;
use serde_json::{Map, Value};
use settings_model::json::MAX_DEPTH;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Error, Position};

/// What in the document JSON or the settings cannot hold, and where (a byte
/// offset).
struct Unfit {
    reason: String,
    offset: usize,
}

/// Reads a whole document.
pub fn parse(origin: &str, text: &str) -> Result<Map<String, Value>, Error> {
    on_deep_stack(|| parse_here(origin, text))
        .unwrap_or_else(|e| Err(Error::new(origin, format!("failed to start a thread: {e}"))))
}

/// Where the deepest part of a path stands that the document knows, if at
/// least the first name does.
pub fn position(text: &str, path: &[&str]) -> Option<Position> {
    on_deep_stack(|| position_here(text, path)).ok().flatten()
}

fn parse_here(origin: &str, text: &str) -> Result<Map<String, Value>, Error> {
    let refuse = |reason: &str, offset| {
        Error::new(origin, reason)
            .at(Position::of(text, offset))
            .quoting(text)
    };
    let document = DeTable::parse(text).map_err(|error| match error.span() {
        Some(span) => refuse(&format!("invalid TOML: {}", error.message()), span.start),
        None => Error::new(origin, format!("invalid TOML: {}", error.message())),
    })?;
    table(document.get_ref(), 1).map_err(|unfit| refuse(&unfit.reason, unfit.offset))
}

fn position_here(text: &str, path: &[&str]) -> Option<Position> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut found = None;
    for name in path {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else {
            break;
        };
        found = Some(key.span().start);
        match value.get_ref() {
            DeValue::Table(below) => table = below,
            _ => break,
        }
    }
    Some(Position::of(text, found?))
}

fn table(from: &DeTable<'_>, depth: usize) -> Result<Map<String, Value>, Unfit> {
    from.iter()
        .map(|(name, member)| Ok((name.get_ref().to_string(), value(member, depth + 1)?)))
        .collect()
}

fn value(from: &Spanned<DeValue<'_>>, depth: usize) -> Result<Value, Unfit> {
    let unfit = |reason: &str| Unfit {
        reason: reason.to_owned(),
        offset: from.span().start,
    };
    if depth > MAX_DEPTH {
        return Err(unfit(&format!(
            "it is nested deeper than {MAX_DEPTH} levels"
        )));
    }
    Ok(match from.get_ref() {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Integer(number) => {
            integer(number).ok_or_else(|| unfit("the number is too large"))?
        }
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .ok_or_else(|| unfit("a number must be finite"))?
            .into(),
        DeValue::Datetime(_) => {
            return Err(unfit("no setting is a date or time; put it between quotes"));
        }
        DeValue::Array(entries) => entries
            .iter()
            .map(|entry| value(entry, depth + 1))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        DeValue::Table(members) => table(members, depth)?.into(),
    })
}

fn integer(number: &DeInteger<'_>) -> Option<Value> {
    let (digits, radix) = (number.as_str(), number.radix());
    i64::from_str_radix(digits, radix)
        .map(Value::from)
        .or_else(|_| u64::from_str_radix(digits, radix).map(Value::from))
        .ok()
}
