//! A whole `net.toml`.

use document::on_deep_stack;
use toml::de::DeTable;

use super::error::{Fault, Reason};
use super::fields::{self, Draft};
use super::table::{Item, Table};
use super::{Error, Label, MacAddress, NetConfig, rules};

/// Larger documents are refused, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The versions of the format that are known.
const VERSIONS: std::ops::RangeInclusive<i64> = 1..=3;

/// Reads a `net.toml`, as the module says it must be. The first mistake is
/// the error, and then nothing of the document counts.
pub fn validate(text: &str) -> Result<NetConfig, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::new(Reason::TooLarge));
    }
    on_deep_stack(|| read(text).map_err(|fault| Error::of(text, fault)))
        .unwrap_or_else(|e| Err(Error::new(Reason::NoThread(e.to_string()))))
}

fn read(text: &str) -> Result<NetConfig, Fault> {
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Reason::Syntax(error.message().to_owned()).at(at)
    })?;
    let mut root = Table::root(document.get_ref());
    let version = version(&root.need("version")?)?;
    let drafts = root
        .rest()
        .into_iter()
        .map(|(name, item)| device(name, &item, version))
        .collect::<Result<Vec<_>, _>>()?;
    rules::together(drafts)
}

fn version(item: &Item<'_>) -> Result<i64, Fault> {
    let version = item.integer()?;
    if VERSIONS.contains(&version) {
        Ok(version)
    } else {
        Err(Reason::UnknownVersion(version).at(item.start()))
    }
}

fn device(name: &str, item: &Item<'_>, version: i64) -> Result<Draft, Fault> {
    let bad = |source| {
        let key = item.path.clone();
        Reason::BadValue { key, source }.at(item.at)
    };
    let label = if MacAddress::looks_like(name) {
        fields::since(3, version, item)?;
        Label::Mac(name.parse().map_err(bad)?)
    } else {
        Label::Name(name.parse().map_err(bad)?)
    };
    fields::draft(label, item, version)
}
