//! The addresses and routes of a device.

use std::net::IpAddr;

use super::{Result, since};
use crate::config::error::Reason;
use crate::config::table::{Item, Table};
use crate::config::{Addressing, Cidr, Dhcp, Route, StaticAddress};

/// The keys that say something about addresses.
pub(super) const KEYS: [&str; 4] = ["dhcp4", "dhcp6", "static4", "static6"];

/// The source address that a route asks for.
#[derive(Debug)]
pub(in crate::config) struct Source {
    pub address: IpAddr,
    pub path: String,
    pub at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn of(address: IpAddr) -> Self {
        if address.is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }

    fn static_key(self) -> &'static str {
        match self {
            Self::V4 => "static4",
            Self::V6 => "static6",
        }
    }
}

pub(super) fn read(table: &mut Table<'_>, version: i64) -> Result<(Addressing, Vec<Source>)> {
    let (dhcp4, static4) = family(table, version, Family::V4, "dhcp4")?;
    let (dhcp6, static6) = family(table, version, Family::V6, "dhcp6")?;
    let mut addressing = Addressing {
        dhcp4,
        dhcp6,
        static4,
        static6,
        routes: Vec::new(),
    };
    let mut sources = Vec::new();
    if let Some(list) = table.take("route") {
        since(2, version, &list)?;
        let mut gateways = Vec::new();
        for item in list.list()? {
            let mut fields = item.table()?;
            let via = fields.take("via");
            gateways.extend(via.clone());
            let route = route(&item, fields, via, &addressing, &mut sources)?;
            addressing.routes.push(route);
        }
        for gateway in gateways {
            reachable(&gateway, &addressing)?;
        }
    }
    Ok((addressing, sources))
}

fn family(
    table: &mut Table<'_>,
    version: i64,
    family: Family,
    dhcp_key: &'static str,
) -> Result<(Option<Dhcp>, Vec<StaticAddress>)> {
    let asked = table.take(dhcp_key);
    let dhcp = match &asked {
        Some(item) => dhcp(item)?,
        None => None,
    };
    let Some(fixed) = table.take(family.static_key()) else {
        return Ok((dhcp, Vec::new()));
    };
    since(2, version, &fixed)?;
    if let (Some(_), Some(asked)) = (dhcp, asked) {
        return Err(Reason::DhcpAndStatic {
            dhcp: asked.path,
            fixed: fixed.path.clone(),
        }
        .at(fixed.at));
    }
    Ok((None, addresses(&fixed, family)?))
}

/// `None` if it is off.
fn dhcp(item: &Item<'_>) -> Result<Option<Dhcp>> {
    if !item.is_table() {
        let on = item
            .boolean()
            .map_err(|_| item.not("true, false or a table"))?;
        return Ok(on.then(Dhcp::default));
    }
    let mut table = item.table()?;
    let on = table.need("enabled")?.boolean()?;
    let optional = match table.take("optional") {
        Some(item) => item.boolean()?,
        None => false,
    };
    let metric = table.take("route-metric").map(|i| i.number()).transpose()?;
    table.finish()?;
    Ok(on.then_some(Dhcp { optional, metric }))
}

fn addresses(item: &Item<'_>, family: Family) -> Result<Vec<StaticAddress>> {
    let mut table = item.table()?;
    let list = table.need("addresses")?;
    table.finish()?;
    let mut found = Vec::new();
    for entry in list.list()? {
        let cidr: Cidr = entry.parse()?;
        if Family::of(cidr.address()) != family {
            return Err(Reason::WrongFamily {
                key: list.path.clone(),
                family: if family == Family::V4 { "IPv4" } else { "IPv6" },
            }
            .at(entry.at));
        }
        let address = StaticAddress::try_from(cidr)
            .map_err(|e| Reason::from((entry.path.clone(), e)).at(entry.at))?;
        if found.contains(&address) {
            return Err(Reason::Twice(entry.path).at(entry.at));
        }
        found.push(address);
    }
    if found.is_empty() {
        return Err(Reason::Empty(list.path.clone()).at(list.start()));
    }
    Ok(found)
}

fn route(
    item: &Item<'_>,
    mut table: Table<'_>,
    via: Option<Item<'_>>,
    addressing: &Addressing,
    sources: &mut Vec<Source>,
) -> Result<Route> {
    let to = table.need("to")?;
    let destination: Option<Cidr> = match to.text()? {
        "default" => None,
        _ => Some(to.parse()?),
    };
    let via: Option<IpAddr> = via.map(|i| i.parse()).transpose()?;
    let from = table.take("from");
    let metric = table.take("route-metric").map(|i| i.number()).transpose()?;
    table.finish()?;
    if let Some(item) = &from {
        sources.push(Source {
            address: item.parse()?,
            path: item.path.clone(),
            at: item.start(),
        });
    }
    let from = from.and_then(|_| sources.last()).map(|s| s.address);

    let mut families = [destination.map(|to| to.address()), via, from]
        .into_iter()
        .flatten()
        .map(Family::of);
    let family = match families.next() {
        Some(first) if families.all(|other| other == first) => first,
        Some(_) => return Err(Reason::MixedRoute(item.path.clone()).at(item.at)),
        // `default` alone is about the addresses there are.
        None if addressing.static4.is_empty() && !addressing.static6.is_empty() => Family::V6,
        None => Family::V4,
    };
    let (everywhere, has_addresses) = match family {
        Family::V4 => ("0.0.0.0/0", !addressing.static4.is_empty()),
        Family::V6 => ("::/0", !addressing.static6.is_empty()),
    };
    if !has_addresses {
        let (key, needed) = (item.path.clone(), family.static_key());
        return Err(Reason::RouteWithoutAddresses { key, needed }.at(item.at));
    }
    Ok(Route {
        to: match destination {
            Some(to) => to.network(),
            None => everywhere.parse().expect("both networks are well written"),
        },
        via,
        from,
        metric,
    })
}

/// The kernel refuses a gateway that it knows no way to.
fn reachable(item: &Item<'_>, addressing: &Addressing) -> Result<()> {
    let gateway: IpAddr = item.parse()?;
    let on_link = addressing.routes.iter().filter(|route| route.via.is_none());
    let reached = matches!(gateway, IpAddr::V6(a) if a.is_unicast_link_local())
        || addressing
            .static_addresses()
            .any(|address| address.cidr().contains(gateway))
        || on_link.map(|route| route.to).any(|to| to.contains(gateway));
    if reached {
        Ok(())
    } else {
        Err(Reason::UnreachableGateway(item.path.clone()).at(item.start()))
    }
}
