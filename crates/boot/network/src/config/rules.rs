//! The rules between devices.

use super::error::{Fault, Reason};
use super::fields::Draft;
use super::{InterfaceName, Kind, Label, NetConfig};

type Result<T> = std::result::Result<T, Fault>;

/// Puts devices together, in the order they were written down.
pub(super) fn together(drafts: Vec<Draft>) -> Result<NetConfig> {
    if drafts.is_empty() {
        return Err(Reason::NoDevice.at(0));
    }
    let all = Drafts(&drafts);
    all.name_each_interface_once()?;
    all.own_their_members()?;
    all.carry_vlans()?;
    all.use_known_sources()?;
    all.are_of_use()?;
    let primary = all.primary()?;
    Ok(NetConfig {
        devices: drafts.into_iter().map(|draft| draft.device).collect(),
        primary,
    })
}

struct Drafts<'a>(&'a [Draft]);

impl Drafts<'_> {
    fn named(&self, name: &InterfaceName) -> Option<&Draft> {
        let is_named = |draft: &&Draft| matches!(&draft.device.label, Label::Name(n) if n == name);
        self.0.iter().find(is_named)
    }

    /// Every bond with a name of a member, and the place of that name.
    fn members(&self) -> impl Iterator<Item = (&Label, &InterfaceName, usize)> {
        self.0.iter().flat_map(|draft| {
            let members = match &draft.device.kind {
                Kind::Bond(bond) => bond.members.as_slice(),
                _ => &[],
            };
            let places = draft.references.iter().copied();
            let named = members.iter().zip(places);
            named.map(|(name, at)| (&draft.device.label, name, at))
        })
    }

    fn bond_of(&self, name: &InterfaceName) -> Option<&Label> {
        self.members()
            .find(|(_, member, _)| *member == name)
            .map(|(bond, _, _)| bond)
    }

    fn carries_vlan(&self, name: &InterfaceName) -> bool {
        let on_it =
            |draft: &Draft| matches!(&draft.device.kind, Kind::Vlan(v) if v.device == *name);
        self.0.iter().any(on_it)
    }

    fn name_each_interface_once(&self) -> Result<()> {
        for (index, draft) in self.0.iter().enumerate() {
            let Kind::Interface(this) = &draft.device.kind else {
                continue;
            };
            let same = self.0[..index]
                .iter()
                .find(|other| match &other.device.kind {
                    Kind::Interface(other) => {
                        other == this || (other.mac.is_some() && other.mac == this.mac)
                    }
                    _ => false,
                });
            if let Some(other) = same {
                return Err(Reason::SameInterface {
                    first: other.device.label.clone(),
                    second: draft.device.label.clone(),
                }
                .at(draft.at));
            }
        }
        Ok(())
    }

    fn own_their_members(&self) -> Result<()> {
        let mut seen: Vec<(&InterfaceName, &Label)> = Vec::new();
        for (bond, name, at) in self.members() {
            let member = Label::Name(name.clone());
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
                let first = (*first).clone();
                return Err(Reason::MemberTwice { member, first }.at(at));
            }
            seen.push((name, bond));
            match self.named(name) {
                Some(draft) if !matches!(draft.device.kind, Kind::Interface(_)) => {
                    return Err(Reason::VirtualMember { member }.at(at));
                }
                Some(draft) if !draft.only_identity => {
                    let bond = bond.clone();
                    return Err(Reason::MemberWithMore { member, bond }.at(draft.at));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn carry_vlans(&self) -> Result<()> {
        for (index, draft) in self.0.iter().enumerate() {
            let (Kind::Vlan(vlan), Some(at)) = (&draft.device.kind, draft.references.first())
            else {
                continue;
            };
            let device = Label::Name(vlan.device.clone());
            if let Some(bond) = self.bond_of(&vlan.device) {
                let bond = bond.clone();
                return Err(Reason::VlanOnMember { device, bond }.at(*at));
            }
            let mut below = &vlan.device;
            for _ in self.0 {
                match self.named(below).map(|draft| &draft.device.kind) {
                    Some(Kind::Vlan(next)) => below = &next.device,
                    _ => break,
                }
            }
            // Whoever gets that far down and still stands on a VLAN goes in circles.
            if let Some(Kind::Vlan(_)) = self.named(below).map(|draft| &draft.device.kind) {
                return Err(Reason::VlanLoop(draft.device.label.clone()).at(*at));
            }
            let same = self.0[..index]
                .iter()
                .find(|other| matches!(&other.device.kind, Kind::Vlan(v) if v == vlan));
            if let Some(other) = same {
                return Err(Reason::SameVlan {
                    first: other.device.label.clone(),
                    second: draft.device.label.clone(),
                }
                .at(draft.at));
            }
            let below = self.named(&vlan.device).and_then(|draft| draft.device.mtu);
            if let (Some(mtu), Some(below)) = (draft.device.mtu, below)
                && mtu > below
            {
                let vlan = draft.device.label.clone();
                return Err(Reason::VlanMtu { vlan, device }.at(draft.at));
            }
        }
        Ok(())
    }

    fn use_known_sources(&self) -> Result<()> {
        let is_known = |address| {
            let mut devices = self.0.iter().map(|draft| &draft.device.addressing);
            devices.any(|a| a.static_addresses().any(|s| s.cidr().address() == address))
        };
        let mut sources = self.0.iter().flat_map(|draft| &draft.sources);
        match sources.find(|source| !is_known(source.address)) {
            None => Ok(()),
            Some(source) => Err(Reason::ForeignSource(source.path.clone()).at(source.at)),
        }
    }

    fn are_of_use(&self) -> Result<()> {
        let is_used = |draft: &Draft| match &draft.device.label {
            Label::Name(name) => self.bond_of(name).is_some() || self.carries_vlan(name),
            Label::Mac(_) => false,
        };
        let useless = |draft: &&Draft| !draft.mentions_addresses && !is_used(draft);
        match self.0.iter().find(useless) {
            None => Ok(()),
            Some(draft) => Err(Reason::NoAddressing(draft.device.label.to_string()).at(draft.at)),
        }
    }

    fn primary(&self) -> Result<usize> {
        let has_addresses = |draft: &Draft| draft.device.addressing.has_addresses();
        let mut chosen = None;
        for (index, draft) in self.0.iter().enumerate() {
            let (Some(at), label) = (draft.primary, &draft.device.label) else {
                continue;
            };
            if let Some(first) = chosen.replace(index) {
                let first = self.0[first].device.label.clone();
                let second = label.clone();
                return Err(Reason::TwoPrimaries { first, second }.at(at));
            }
            if !has_addresses(draft) {
                return Err(Reason::PrimaryWithoutAddresses(label.clone()).at(at));
            }
        }
        chosen
            .or_else(|| self.0.iter().position(has_addresses))
            .ok_or_else(|| Reason::NoAddresses.at(self.0[0].at))
    }
}
