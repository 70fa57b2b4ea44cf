//! Data on standard output: JSON, TOML, or a table for people.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::ValueEnum;
use serde_json::{Map, Value};
use settings_model::tree;

use crate::failure::Failure;

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// What the API answered, indented
    Json,
    /// The same as TOML; a list stands in a table named after the command
    Toml,
    /// Columns, for people
    Table,
}

/// A column of a table: its heading, and how a cell is written.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    /// Text as it is.
    Text(&'static str),
    /// JSON, which tells `true` from `"true"`.
    Value(&'static str),
}

/// Prints an object: as a table, a line for each value in it.
pub fn print_tree(tree: &Value, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => print_json(tree),
        Format::Toml => print_toml(tree.clone()),
        Format::Table => {
            let leaves = tree::flatten(tree)?;
            let leaves = leaves
                .iter()
                .map(|(key, value)| vec![printable(&key.to_string()), json(value)]);
            print(table(
                &["KEY", "VALUE"].map(str::to_owned),
                leaves.collect(),
            ))
        }
    }
}

/// Prints a list of objects. `name` is that of the list where it needs one.
pub fn print_list(
    list: &Value,
    name: &str,
    columns: &[Column],
    format: Format,
) -> Result<(), Failure> {
    match format {
        Format::Json => print_json(list),
        Format::Toml => print_toml(Map::from_iter([(name.to_owned(), list.clone())]).into()),
        Format::Table => print(list_table(list, columns)),
    }
}

/// The table of a list of objects.
pub fn list_table(list: &Value, columns: &[Column]) -> String {
    let entries = list.as_array().into_iter().flatten();
    let rows = entries.map(|entry| columns.iter().map(|column| column.cell(entry)).collect());
    let headings: Vec<String> = columns.iter().map(|c| c.name().to_uppercase()).collect();
    table(&headings, rows.collect())
}

/// Prints JSON, indented.
pub fn print_json(value: &Value) -> Result<(), Failure> {
    print(format!("{value:#}"))
}

/// Prints data and the end of its line, if that is missing.
pub fn print(data: impl Into<Vec<u8>>) -> Result<(), Failure> {
    let mut bytes = data.into();
    if bytes.is_empty() {
        return Ok(());
    }
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    match io::stdout().write_all(&bytes) {
        // Whoever reads has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|e| Failure::new(format!("failed to write the answer: {e}"))),
    }
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Value(name) => name,
        }
    }

    fn cell(self, entry: &Value) -> String {
        match (self, &entry[self.name()]) {
            (_, Value::Null) => "-".to_owned(),
            (Self::Text(_), Value::String(text)) => printable(text),
            (Self::Text(_), Value::Array(words)) if words.iter().all(Value::is_string) => {
                let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
                printable(&words.join(" "))
            }
            (_, value) => json(value),
        }
    }
}

fn print_toml(mut value: Value) -> Result<(), Failure> {
    drop_nulls(&mut value);
    let text = toml::to_string_pretty(&value)
        .map_err(|e| Failure::new(format!("the answer cannot be written as TOML: {e}")))?;
    print(text)
}

/// TOML has no null; what is not there means the same.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(entries) => {
            entries.retain(|entry| !entry.is_null());
            entries.iter_mut().for_each(drop_nulls);
        }
        _ => {}
    }
}

fn table(headings: &[String], rows: Vec<Vec<String>>) -> String {
    let lines = || std::iter::once(headings).chain(rows.iter().map(Vec::as_slice));
    let width = |column: usize| lines().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..headings.len()).filter_map(width).collect();
    let mut text = String::new();
    for line in lines() {
        let mut written = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(written, "{cell:width$}  ");
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

fn json(value: &Value) -> String {
    printable(&value.to_string())
}

/// A cell is one line, and does nothing to the terminal.
fn printable(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c.is_control() {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_become_columns() {
        let list = json!([
            {"key": "settings.motd", "before": null, "after": "é\u{9b}31m\n", "keys": ["a", "b"]},
            {"key": "a\nb", "before": true, "after": "true", "keys": []},
        ]);
        let columns = [
            Column::Text("key"),
            Column::Value("before"),
            Column::Value("after"),
            Column::Text("keys"),
        ];
        assert_eq!(
            list_table(&list, &columns),
            "KEY            BEFORE  AFTER           KEYS\n\
             settings.motd  -       \"é\\u{9b}31m\\n\"  a b\n\
             a\\nb           true    \"true\"\n"
        );
        assert_eq!(
            list_table(&json!([]), &columns),
            "KEY  BEFORE  AFTER  KEYS\n"
        );
    }

    #[test]
    fn nulls_are_dropped_for_toml() {
        let mut value = json!({"a": null, "b": [null, {"c": null, "d": 1}]});
        drop_nulls(&mut value);
        assert_eq!(value, json!({"b": [{"d": 1}]}));
    }
}
