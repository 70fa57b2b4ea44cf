//! What a device is: `match`, or the keys that go with a `kind`.

use std::net::Ipv4Addr;

use super::Result;
use crate::config::error::Reason;
use crate::config::table::{Item, Table};
use crate::config::{
    ArpValidate, Bond, InterfaceName, Kind, MacAddress, Match, Milliseconds, Monitoring, Vlan,
    VlanId,
};

const MII: [&str; 3] = [
    "miimon-frequency-ms",
    "miimon-updelay-ms",
    "miimon-downdelay-ms",
];
const ARP: [&str; 3] = ["arpmon-interval-ms", "arpmon-validate", "arpmon-targets"];

/// The bonding driver's limit (`BOND_MAX_ARP_TARGETS`).
const MAX_ARP_TARGETS: usize = 16;

pub(super) fn matching(item: &Item<'_>) -> Result<Match> {
    let mut table = item.table()?;
    let matching = Match {
        name: table.take("name").map(|i| i.parse()).transpose()?,
        mac: table.take("mac").map(|i| i.parse()).transpose()?,
        driver: table.take("driver").map(|i| i.parse()).transpose()?,
    };
    table.finish()?;
    if matching == Match::default() {
        return Err(Reason::Empty(item.path.clone()).at(item.at));
    }
    Ok(matching)
}

pub(super) fn vlan(table: &mut Table<'_>) -> Result<(Kind, Vec<usize>)> {
    let device = table.need("device")?;
    let id: VlanId = table.need("id")?.number()?;
    let vlan = Vlan {
        device: reference(&device)?,
        id,
    };
    Ok((Kind::Vlan(vlan), vec![device.start()]))
}

pub(super) fn bond(table: &mut Table<'_>) -> Result<(Kind, Vec<usize>)> {
    let mode = table.need("mode")?;
    if mode.text()? != "active-backup" {
        return Err(mode.not("`active-backup`"));
    }
    let interfaces = table.need("interfaces")?;
    let entries = interfaces.list()?;
    if entries.is_empty() {
        return Err(Reason::Empty(interfaces.path.clone()).at(interfaces.start()));
    }
    let members = entries.iter().map(reference).collect::<Result<Vec<_>>>()?;
    let bond = Bond {
        min_links: min_links(table, members.len())?,
        monitoring: monitoring(&table.need("monitoring")?)?,
        members,
    };
    Ok((Kind::Bond(bond), entries.iter().map(|e| e.at).collect()))
}

/// The name of a device in the table of another one.
fn reference(item: &Item<'_>) -> Result<InterfaceName> {
    if MacAddress::looks_like(item.text()?) {
        return Err(Reason::MacAsReference(item.path.clone()).at(item.start()));
    }
    item.parse()
}

fn min_links(table: &mut Table<'_>, members: usize) -> Result<Option<usize>> {
    let Some(item) = table.take("min-links") else {
        return Ok(None);
    };
    let key = item.path.clone();
    match usize::try_from(item.integer()?) {
        Err(_) => Err(item.not("a number of links")),
        Ok(links) if links > members => Err(Reason::TooManyLinks { key, members }.at(item.start())),
        Ok(links) => Ok(Some(links)),
    }
}

fn monitoring(item: &Item<'_>) -> Result<Monitoring> {
    let mut table = item.table()?;
    let has = |keys: [&str; 3]| keys.iter().any(|key| table.has(key));
    let monitoring = match (has(MII), has(ARP)) {
        (true, false) => mii(&mut table)?,
        (false, true) => arp(&mut table)?,
        _ => return Err(Reason::MixedMonitoring(item.path.clone()).at(item.at)),
    };
    table.finish()?;
    Ok(monitoring)
}

fn mii(table: &mut Table<'_>) -> Result<Monitoring> {
    let [frequency, up, down] = MII.map(|key| table.need(key));
    let (frequency_item, up, down) = (frequency?, up?, down?);
    let frequency: Milliseconds = frequency_item.number()?;
    let delay = |item: &Item<'_>| {
        let delay: Milliseconds = item.number()?;
        // The driver counts delays in whole intervals, and would round to none.
        if delay < frequency {
            return Err(Reason::ShortDelay {
                delay: item.path.clone(),
                frequency: frequency_item.path.clone(),
            }
            .at(item.start()));
        }
        Ok(delay)
    };
    Ok(Monitoring::Mii {
        frequency,
        up_delay: delay(&up)?,
        down_delay: delay(&down)?,
    })
}

fn arp(table: &mut Table<'_>) -> Result<Monitoring> {
    let [interval, validate, targets] = ARP.map(|key| table.need(key));
    let (interval, validate, targets) = (interval?, validate?, targets?);
    let hosts = targets
        .list()?
        .iter()
        .map(|item| item.parse::<Ipv4Addr>())
        .collect::<Result<Vec<_>>>()?;
    if hosts.is_empty() || hosts.len() > MAX_ARP_TARGETS {
        return Err(Reason::WrongTargetCount(targets.path.clone()).at(targets.start()));
    }
    Ok(Monitoring::Arp {
        interval: interval.number()?,
        validate: match validate.text()? {
            "none" => ArpValidate::None,
            "active" => ArpValidate::Active,
            "backup" => ArpValidate::Backup,
            "all" => ArpValidate::All,
            _ => return Err(validate.not("`none`, `active`, `backup` or `all`")),
        },
        targets: hosts,
    })
}
