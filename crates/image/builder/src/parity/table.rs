//! The comparison as a table in Markdown.

use super::{Comparison, Row};
use crate::contents::digest;
use std::collections::BTreeMap;

/// How much of a digest is shown.
const SHOWN: usize = 12;

/// Up to this many equal things are named, more are counted.
const NAMED: usize = 6;

impl Comparison {
    /// One row for each thing that differs; what is the same, together.
    pub(crate) fn table(&self) -> String {
        let mut variants: BTreeMap<Key, Vec<&str>> = BTreeMap::new();
        for (variant, rows) in &self.rows {
            for row in rows {
                let key = (row.item.clone(), cells(row), self.verdict(variant, row));
                variants.entry(key).or_default().push(variant);
            }
        }
        let mut text = "| variant | what | image-builder | bitbake | |\n\
                        |---|---|---|---|---|\n"
            .to_owned();
        let mut same: BTreeMap<(&str, String), Vec<&Key>> = BTreeMap::new();
        let mut differing = Vec::new();
        for (key, found) in &variants {
            let all = found.len() == self.rows.len();
            let found = if all {
                "all".to_owned()
            } else {
                found.join(", ")
            };
            let ((group, _), _, verdict) = key;
            if verdict.is_empty() {
                same.entry((group, found)).or_default().push(key);
            } else {
                differing.push((found, key));
            }
        }
        for ((group, variants), keys) in same {
            let names: Vec<&str> = keys.iter().map(|((_, name), ..)| name.as_str()).collect();
            let values: Vec<String> = keys.iter().map(|key| format!("{key:?}\n")).collect();
            let what = match names.as_slice() {
                names if names.len() <= NAMED => format!("{group}: {}", names.join(", ")),
                names => format!("{group}: {} of them", names.len()),
            };
            let value = short(&digest(values.concat()));
            text += &line(&[&variants, &what, &value, &value, "same"]);
        }
        for (variants, ((group, name), (ours, theirs), verdict)) in differing {
            text += &line(&[&variants, &format!("{group}/{name}"), ours, theirs, verdict]);
        }
        text
    }

    /// Why a difference is one; empty if there is none.
    fn verdict(&self, variant: &str, row: &Row) -> String {
        let reasons: Vec<String> = row
            .departing
            .iter()
            .map(
                |builder| match self.explanations.find(&row.item(), *builder, variant) {
                    Some(place) => self.explanations.list()[place].reason.clone(),
                    None => format!("**unexplained** ({builder})"),
                },
            )
            .collect();
        reasons.join("; ")
    }
}

/// A thing, what each builder makes of it, and why that differs.
type Key = ((&'static str, String), (String, String), String);

fn cells(row: &Row) -> (String, String) {
    let cell = |value: &Option<String>| match value {
        Some(value) if value.is_empty() => "yes".to_owned(),
        Some(value) => short(value),
        None => "absent".to_owned(),
    };
    (cell(&row.ours), cell(&row.theirs))
}

/// Digests are told apart by their beginning.
fn short(value: &str) -> String {
    let is_digest = |word: &str| word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit());
    let words = value.split(' ').map(|word| match word.get(..SHOWN) {
        Some(start) if is_digest(word) => format!("{start}…"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
