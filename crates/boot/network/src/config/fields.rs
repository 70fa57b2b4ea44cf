//! The table of one device, and the rules that it can be held against alone.

mod addressing;
mod kinds;

use super::error::{Fault, Reason};
use super::table::{Item, Table};
use super::{Device, Kind, Label, Match, NamePattern};

type Result<T> = std::result::Result<T, Fault>;

/// A device with what the rules between devices need to know. Places are byte
/// offsets.
#[derive(Debug)]
pub(super) struct Draft {
    pub device: Device,
    /// Where its table starts.
    pub at: usize,
    /// Where it says that it is the primary device.
    pub primary: Option<usize>,
    /// Where it names the devices it is made of, in their order.
    pub references: Vec<usize>,
    /// The source addresses of its routes, by place.
    pub sources: Vec<addressing::Source>,
    /// Whether it says something about addresses, be it that there are none.
    pub mentions_addresses: bool,
    /// Whether it says no more than which interface it is.
    pub only_identity: bool,
}

/// Reads the table of a device.
pub(super) fn draft(label: Label, item: &Item<'_>, version: i64) -> Result<Draft> {
    let mut table = item.table()?;
    let only_identity = table.holds_only("match");
    let mentions_addresses = addressing::KEYS.iter().any(|key| table.has(key));

    let (kind, references) = kind(&label, &mut table, version)?;
    let primary = match table.take("primary") {
        Some(item) if item.boolean()? => Some(item.at),
        _ => None,
    };
    let (addressing, sources) = addressing::read(&mut table, version)?;
    let mtu = match table.take("mtu") {
        None => None,
        Some(item) => {
            since(3, version, &item)?;
            let mtu: super::Mtu = item.number()?;
            if addressing.has_ipv6() && u16::from(mtu) < 1280 {
                return Err(Reason::MtuBelowIpv6(item.path.clone()).at(item.start()));
            }
            Some(mtu)
        }
    };
    table.finish()?;
    Ok(Draft {
        device: Device {
            label,
            kind,
            addressing,
            mtu,
        },
        at: item.at,
        primary,
        references,
        sources,
        mentions_addresses,
        only_identity,
    })
}

/// Fails if the document is of a version that does not know this member.
pub(super) fn since(needed: i64, version: i64, item: &Item<'_>) -> Result<()> {
    if version >= needed {
        return Ok(());
    }
    let key = item.path.clone();
    Err(Reason::NeedsVersion {
        key,
        needed,
        version,
    }
    .at(item.at))
}

/// What the device is, and where it names those it is made of.
fn kind(label: &Label, table: &mut Table<'_>, version: i64) -> Result<(Kind, Vec<usize>)> {
    let matching = table.take("match");
    if let Some(item) = &matching {
        since(3, version, item)?;
    }
    let Some(kind) = table.take("kind") else {
        return Ok((Kind::Interface(interface(label, matching)?), Vec::new()));
    };
    since(3, version, &kind)?;
    if let Label::Mac(_) = label {
        return Err(Reason::MacForVirtual(label.to_string()).at(table.at));
    }
    if let Some(item) = matching {
        return Err(Reason::MatchForVirtual(item.path.clone()).at(item.at));
    }
    match kind.text()? {
        "bond" => kinds::bond(table),
        "vlan" => kinds::vlan(table),
        _ => Err(kind.not("`bond` or `vlan`")),
    }
}

fn interface(label: &Label, matching: Option<Item<'_>>) -> Result<Match> {
    match (label, matching) {
        (Label::Name(name), None) => Ok(Match {
            name: Some(NamePattern::from(name)),
            ..Match::default()
        }),
        (Label::Mac(mac), None) => Ok(Match {
            mac: Some(*mac),
            ..Match::default()
        }),
        (Label::Name(_), Some(item)) => kinds::matching(&item),
        (Label::Mac(_), Some(item)) => Err(Reason::MatchForMac(label.to_string()).at(item.at)),
    }
}
