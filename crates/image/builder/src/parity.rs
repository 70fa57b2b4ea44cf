//! Whether the two builders make the same of each variant.

mod table;

use crate::contents::{self, Contents, Pieces, digest};
use crate::explanations::{Builder, Explanations};
use crate::first_party::FirstParty;
use crate::packages;
use crate::requirements::{GROUP as KERNEL, HARDENING, required};
use crate::source::Source;
use crate::variant::{self, Variant};
use anyhow::Result;
use disk::Architecture;
use rootfs::Options;
use std::collections::{BTreeMap, BTreeSet};
use tools::Tools;

const MIB: u64 = 1 << 20;

/// A thing in an image: its group and name.
type Item = (&'static str, String);

/// What each builder makes of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    item: Item,
    /// With `image-builder`; nothing if it does not have it.
    ours: Option<String>,
    /// With BitBake.
    theirs: Option<String>,
    /// The builders that depart from the definition.
    departing: Vec<Builder>,
}

/// All rows by variant, with what is known of the differences.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    rows: BTreeMap<String, Vec<Row>>,
    explanations: Explanations,
    /// Whether the rows tell what Debian's kernel is like.
    kernel_known: bool,
}

/// Compares what the source tree defines with what recipes installed.
pub(crate) fn compare(
    source: &Source,
    first_party: &FirstParty,
    architecture: Architecture,
    tools: &Tools,
) -> Result<Comparison> {
    let wanted = required(source, architecture)?;
    let kernel = packages::kernel_config(source, architecture)
        .map(|path| Options::read(&path))
        .transpose()?;
    let mut rows = BTreeMap::new();
    for name in variant::all(source)? {
        let variant = Variant::read(source, &name)?;
        let ours = Pieces::of_source(source, &variant, architecture, tools)?;
        let ours = contents::of(source, &variant, architecture, &ours)?;
        let theirs = first_party.pieces(&name, architecture)?;
        let carried = theirs.kernel_options.clone();
        let theirs = contents::of(source, &variant, architecture, &theirs)?;
        let mut list = rows_of(&items(&ours), &items(&theirs));
        list.extend(kernel_rows(&wanted, kernel.as_ref(), &carried));
        rows.insert(name, list);
    }
    Ok(Comparison {
        rows,
        explanations: Explanations::read(source, architecture)?,
        kernel_known: kernel.is_some(),
    })
}

/// Everything of an account but the kernel's options.
fn items(contents: &Contents) -> BTreeMap<Item, String> {
    let mut items = BTreeMap::new();
    let mut add = |group, name: &str, value: String| {
        items.insert((group, name.to_owned()), value);
    };
    for (program, applets) in &contents.programs {
        add("program", program, applets.join(" "));
    }
    let list = &contents.third_party;
    add(
        "third-party",
        "files",
        format!("{} ({})", list.sha256, list.count),
    );
    for (target, units) in &contents.services {
        for unit in units {
            add("service", &format!("{target}/{unit}"), "starts".to_owned());
        }
    }
    for unit in &contents.masked {
        add("service", unit, "never starts".to_owned());
    }
    for (path, value) in &contents.configuration {
        add("file", path.trim_start_matches('/'), value.clone());
    }
    for (part, value) in &contents.policy {
        add("policy", part, value.clone());
    }
    for (list, modules) in &contents.kernel_modules {
        add("kernel-modules", list, digest(modules.join("\n")));
    }
    add(
        "kernel-parameters",
        "all",
        digest(contents.kernel_parameters.join("\n")),
    );
    for place in &contents.partitions {
        let (size, offset) = (place.size / MIB, place.offset / MIB);
        let value = format!("{size} MiB at {offset} MiB, {}", place.type_uuid);
        add("partition", place.label, value);
    }
    items
}

/// The source tree is the definition, so only the other builder can depart.
fn rows_of(ours: &BTreeMap<Item, String>, theirs: &BTreeMap<Item, String>) -> Vec<Row> {
    let all: BTreeSet<&Item> = ours.keys().chain(theirs.keys()).collect();
    let row = |item: &Item| {
        let (ours, theirs) = (ours.get(item).cloned(), theirs.get(item).cloned());
        let same = ours == theirs;
        Row {
            item: item.clone(),
            ours,
            theirs,
            departing: if same {
                Vec::new()
            } else {
                vec![Builder::BitBake]
            },
        }
    };
    all.into_iter().map(row).collect()
}

/// Options of Debian's kernel, if it is there, beside those that the recipes
/// ask for. Which kernel BitBake made of those is checked by `assemble`.
fn kernel_rows(wanted: &Options, kernel: Option<&Options>, carried: &Options) -> Vec<Row> {
    let names = wanted.iter().chain(carried.iter()).map(|(name, _)| name);
    let names: BTreeSet<&str> = names.collect();
    let row = |name: &str| {
        let ours = kernel.unwrap_or(wanted).value(name);
        let required = wanted.get(name);
        let mut departing = Vec::new();
        if required.is_some_and(|required| !ours.meets(required)) {
            departing.push(Builder::ImageBuilder);
        }
        if carried.get(name) != required {
            departing.push(Builder::BitBake);
        }
        Row {
            item: (KERNEL, name.to_owned()),
            ours: Some(ours.to_string()),
            theirs: carried.get(name).map(ToString::to_string),
            departing,
        }
    };
    names.into_iter().map(row).collect()
}

impl Comparison {
    /// What keeps the builders from being the same system: differences that
    /// nothing explains, and explanations of nothing. Empty if all is well.
    pub(crate) fn complaints(&self) -> String {
        let mut unexplained = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (variant, rows) in &self.rows {
            for row in rows {
                let item = row.item();
                for builder in &row.departing {
                    match self.explanations.find(&item, *builder, variant) {
                        Some(place) => drop(used.insert(place)),
                        None => unexplained
                            .entry((item.clone(), *builder))
                            .or_insert_with(Vec::new)
                            .push(variant.as_str()),
                    }
                }
            }
        }
        let mut text = String::new();
        for ((item, builder), variants) in &unexplained {
            text += &format!("  {item} ({builder}, in {})\n", variants.join(", "));
        }
        if !unexplained.is_empty() {
            text += "hint: make them the same, or give a reason in conf/parity.toml\n";
        }
        let mut unused = Vec::new();
        for (place, explanation) in self.explanations.list().iter().enumerate() {
            let kernel = explanation.item.as_str().starts_with(&format!("{KERNEL}/"));
            let theirs = explanation.builder == Some(Builder::BitBake);
            let hardening = explanation
                .item
                .as_str()
                .starts_with(&format!("{HARDENING}/"));
            // Only the build of that kernel, or root, tells.
            let unknown = hardening || (kernel && (theirs || !self.kernel_known));
            if !used.contains(&place) && !unknown {
                unused.push(format!("  {}\n", explanation.item));
            }
        }
        if !unused.is_empty() {
            text += "these reasons of conf/parity.toml explain no difference (any more):\n";
            text += &unused.concat();
            text += "hint: remove them\n";
        }
        text.trim_end().to_owned()
    }
}

impl Row {
    fn item(&self) -> String {
        format!("{}/{}", self.item.0, self.item.1)
    }
}

#[cfg(test)]
mod tests;
