//! TOML with the place of each value: what is read leaves the table, and what
//! is left at the end is a mistake.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Fault, Reason};

/// A value, and how messages name it.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    /// As it would be written in a dotted key.
    pub path: String,
    /// Where its key (or, in a list, it itself) stands: a byte offset.
    pub at: usize,
    value: &'a Spanned<DeValue<'a>>,
}

/// A table of which some members have been read.
#[derive(Debug)]
pub(super) struct Table<'a> {
    path: String,
    /// Where it stands: a byte offset.
    pub at: usize,
    members: BTreeMap<&'a str, Item<'a>>,
    asked: Vec<&'static str>,
}

type Result<T> = std::result::Result<T, Fault>;

impl<'a> Table<'a> {
    /// The table that a document is.
    pub fn root(table: &'a DeTable<'a>) -> Self {
        Self::new(String::new(), 0, table)
    }

    fn new(path: String, at: usize, table: &'a DeTable<'a>) -> Self {
        let members = table.iter().map(|(key, value)| {
            let name: &str = key.get_ref();
            let item = Item {
                path: join(&path, name),
                at: key.span().start,
                value,
            };
            (name, item)
        });
        Self {
            members: members.collect(),
            path,
            at,
            asked: Vec::new(),
        }
    }

    /// Takes a member out, if it is there.
    pub fn take(&mut self, name: &'static str) -> Option<Item<'a>> {
        self.asked.push(name);
        self.members.remove(name)
    }

    /// Takes a member out that has to be there.
    pub fn need(&mut self, name: &'static str) -> Result<Item<'a>> {
        self.take(name).ok_or_else(|| self.mistyped(name))
    }

    /// Why a member is missing: who mistyped it is told where, not that it is
    /// not there.
    fn mistyped(&self, name: &'static str) -> Fault {
        let alike = |member: &&str| document::nearest(member, &[name]).is_some();
        match self.members.iter().find(|(member, _)| alike(member)) {
            Some((_, item)) => item.unknown(Some(name)),
            None => Reason::Missing(join(&self.path, name)).at(self.at),
        }
    }

    /// Whether there are no members but this one, or none.
    pub fn holds_only(&self, name: &str) -> bool {
        self.members.keys().all(|member| *member == name)
    }

    /// Whether a member is there (still).
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Takes out all that is left, in the order of the document.
    pub fn rest(self) -> Vec<(&'a str, Item<'a>)> {
        let mut rest: Vec<_> = self.members.into_iter().collect();
        rest.sort_by_key(|(_, item)| item.at);
        rest
    }

    /// Fails if something is left.
    pub fn finish(self) -> Result<()> {
        let asked = self.asked.clone();
        match self.rest().into_iter().next() {
            None => Ok(()),
            Some((name, item)) => Err(item.unknown(document::nearest(name, &asked))),
        }
    }
}

impl<'a> Item<'a> {
    pub fn boolean(&self) -> Result<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.not("true or false")),
        }
    }

    pub fn text(&self) -> Result<&'a str> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.not("text in quotes")),
        }
    }

    /// A text that a type takes.
    pub fn parse<T: std::str::FromStr>(&self) -> Result<T>
    where
        Reason: From<(String, T::Err)>,
    {
        let parsed = self.text()?.parse();
        parsed.map_err(|e| Reason::from((self.path.clone(), e)).at(self.start()))
    }

    /// A whole number.
    pub fn integer(&self) -> Result<i64> {
        let DeValue::Integer(number) = self.value.get_ref() else {
            return Err(self.not("a whole number"));
        };
        // What is too large for 64 bits is too large for all that is counted here.
        Ok(i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX))
    }

    /// A number that a type takes.
    pub fn number<T: TryFrom<i64>>(&self) -> Result<T>
    where
        Reason: From<(String, T::Error)>,
    {
        T::try_from(self.integer()?)
            .map_err(|e| Reason::from((self.path.clone(), e)).at(self.start()))
    }

    pub fn list(&self) -> Result<Vec<Item<'a>>> {
        let DeValue::Array(entries) = self.value.get_ref() else {
            return Err(self.not("a list"));
        };
        let items = entries.iter().enumerate().map(|(index, value)| Item {
            path: format!("{}[{index}]", self.path),
            at: value.span().start,
            value,
        });
        Ok(items.collect())
    }

    pub fn table(&self) -> Result<Table<'a>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(Table::new(self.path.clone(), self.at, table)),
            _ => Err(self.not("a table")),
        }
    }

    pub fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// Where the value itself starts.
    pub fn start(&self) -> usize {
        self.value.span().start
    }

    fn unknown(&self, guess: Option<&str>) -> Fault {
        let (key, guess) = (self.path.clone(), guess.map(str::to_owned));
        Reason::Unknown { key, guess }.at(self.at)
    }

    pub fn not(&self, wanted: &'static str) -> Fault {
        let key = self.path.clone();
        Reason::WrongType { key, wanted }.at(self.start())
    }
}

/// A key below a table, quoted where TOML wants that.
fn join(path: &str, name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        // Escaped, so that no control character gets out.
        false => format!("\"{}\"", name.escape_debug()),
    };
    match path {
        "" => name,
        _ => format!("{path}.{name}"),
    }
}
