//! The state of both slots, and the changes to it.
//!
//! The state is nothing but the entries on the ESP, which the boot loader reads
//! and whose names it counts boots in:
//!
//! | entry of a slot | the slot is |
//! |---|---|
//! | none | empty: it never boots |
//! | `slot-a.conf` | good: it has been up, and healthy |
//! | `slot-a+2-1.conf` | tried: it boots while tries are left |
//! | `slot-a+0-3.conf` | bad: it boots no more |
//!
//! Beside the entry of a slot there may be `slot-a.failure`: why its system was
//! not good, in its own words.
//!
//! Every change is a series of steps on entries of one slot, while the entry of
//! the other one stands: there is no moment without a system that boots.

use serde::Serialize;

use crate::entry::{Entry, EntryName, Slot, Tries};
use crate::folder::Folder;

/// How many boots a new system has to become good. After as many failed ones
/// the other slot boots.
pub const TRIES: u32 = 3;

/// Bytes in the reason of a failure.
const MAX_REASON: usize = 4096;

fn failure_name(slot: Slot) -> String {
    format!("slot-{}.failure", slot.letter())
}

/// What is known about a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Health {
    /// There is none that could boot.
    Empty,
    /// It was up, and healthy.
    Good,
    /// It has yet to show.
    Tried(Tries),
    /// It failed, or somebody said so.
    Bad,
}

/// One slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Which one.
    pub slot: Slot,
    /// What is known about its system.
    #[serde(flatten)]
    pub health: Health,
    /// The version of its system, if its entry says so.
    pub version: Option<String>,
    /// The number that decides between two that may boot.
    pub activation: Option<u64>,
    /// Why its system was not good, if it has said so.
    pub failure: Option<String>,
    /// Whether it is the one that runs.
    pub booted: bool,
    /// Whether it is the one that boots next.
    pub primary: bool,
}

impl State {
    fn may_boot(&self) -> bool {
        match self.health {
            Health::Good => true,
            Health::Tried(tries) => tries.left > 0,
            Health::Empty | Health::Bad => false,
        }
    }
}

/// Why a change is refused, or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder with the entries.
    #[error(transparent)]
    Folder(#[from] files::Error),
    /// Without a good system beside it, a new one could be the end of the node.
    #[error(
        "slot {slot} is not good, and would be the only one to fall back to; \
         hint: it is marked good after a healthy boot"
    )]
    NotGood {
        /// The slot that would be left.
        slot: Slot,
    },
    /// Nothing there could boot.
    #[error("slot {slot} has no system that could boot")]
    NoSystem {
        /// The slot.
        slot: Slot,
    },
}

/// Both slots of a node.
#[derive(Debug)]
pub struct Slots<F> {
    entries: F,
    booted: Slot,
}

impl<F: Folder> Slots<F> {
    /// The slots whose entries are in a folder, on a node that runs from
    /// `booted`.
    pub fn new(entries: F, booted: Slot) -> Self {
        Self { entries, booted }
    }

    /// The slot that runs.
    pub fn booted(&self) -> Slot {
        self.booted
    }

    /// Both, as they are now.
    ///
    /// # Errors
    ///
    /// If an entry cannot be read.
    pub fn states(&self) -> Result<[State; 2], Error> {
        let mut states = [self.state(Slot::A)?, self.state(Slot::B)?];
        // As the boot loader sorts: those that may boot, the highest number.
        let primary = states
            .iter()
            .filter(|state| state.may_boot())
            .max_by_key(|state| state.activation)
            .map(|state| state.slot);
        for state in &mut states {
            state.primary = Some(state.slot) == primary;
        }
        Ok(states)
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// If an entry cannot be read.
    pub fn get(&self, slot: Slot) -> Result<State, Error> {
        let [a, b] = self.states()?;
        Ok(match slot {
            Slot::A => a,
            Slot::B => b,
        })
    }

    /// The system that runs is healthy: it boots from now on without counting.
    ///
    /// # Errors
    ///
    /// If it has no entry, or that cannot be changed.
    pub fn mark_good(&mut self) -> Result<(), Error> {
        let slot = self.booted;
        let mut names = self.names(slot)?;
        let good = EntryName { slot, tries: None };
        if !names.contains(&good) {
            let name = names.pop().ok_or(Error::NoSystem { slot })?;
            self.entries.rename(&name.to_string(), &good.to_string())?;
        }
        self.remove_all_but(slot, Some(good))?;
        self.forget_failure(slot)
    }

    /// After a boot: if it was the other slot's turn, the boot loader could not
    /// start that, and passed it over without counting. It is bad, then.
    /// Returns whether it is.
    ///
    /// # Errors
    ///
    /// If its entry cannot be changed.
    pub fn settle_passed_over(&mut self) -> Result<bool, Error> {
        let slot = self.booted.other();
        if !self.get(slot)?.primary {
            return Ok(false);
        }
        self.mark_bad(slot)?;
        Ok(true)
    }

    /// A system is not to be booted any more.
    ///
    /// # Errors
    ///
    /// If the other one is not good: there has to be one.
    pub fn mark_bad(&mut self, slot: Slot) -> Result<(), Error> {
        self.require_good(slot.other())?;
        let name = self.names(slot)?.pop().ok_or(Error::NoSystem { slot })?;
        let done = name.tries.map_or(0, |tries| tries.done);
        let bad = EntryName {
            slot,
            tries: Some(Tries { left: 0, done }),
        };
        if name != bad {
            self.entries.rename(&name.to_string(), &bad.to_string())?;
        }
        self.remove_all_but(slot, Some(bad))
    }

    /// The system that runs is on trial, and says why it is not good. It boots
    /// on while tries are left. Returns whether it is on trial.
    ///
    /// # Errors
    ///
    /// If that cannot be written.
    pub fn note_failure(&mut self, reason: &str) -> Result<bool, Error> {
        let slot = self.booted;
        if !matches!(self.get(slot)?.health, Health::Tried(_) | Health::Bad) {
            return Ok(false);
        }
        // Cut at a character, as the rest of the ESP is for systems.
        let end = reason.floor_char_boundary(MAX_REASON.min(reason.len()));
        let temporary = format!("slot-{}.new", slot.letter());
        self.entries.write(&temporary, &reason[..end])?;
        self.entries.rename(&temporary, &failure_name(slot))?;
        Ok(true)
    }

    /// The other slot is about to be written: what is in it boots no more.
    ///
    /// # Errors
    ///
    /// If the system that runs is not good: there has to be one.
    pub fn clear_inactive(&mut self) -> Result<(), Error> {
        self.require_good(self.booted)?;
        let slot = self.booted.other();
        self.remove_all_but(slot, None)?;
        self.forget_failure(slot)
    }

    /// What was written to the other slot boots next, and has [`TRIES`] boots
    /// to become good.
    ///
    /// # Errors
    ///
    /// If the system that runs is not good: there has to be one to fall back to.
    pub fn activate(&mut self, version: &str) -> Result<(), Error> {
        self.clear_inactive()?;
        let slot = self.booted.other();
        let tries = Some(Tries {
            left: TRIES,
            done: 0,
        });
        self.put(EntryName { slot, tries }, version)
    }

    /// The other slot does not boot next after all. What was written to it
    /// stays, for another [`Self::activate`]; a good system stays good.
    ///
    /// # Errors
    ///
    /// If the system that runs is not good.
    pub fn cancel(&mut self) -> Result<(), Error> {
        let slot = self.booted;
        if self.get(slot.other())?.health != Health::Good {
            return self.clear_inactive();
        }
        self.require_good(slot)?;
        let state = self.get(slot)?;
        match state.primary {
            true => Ok(()),
            false => self.put(
                EntryName { slot, tries: None },
                &state.version.unwrap_or_default(),
            ),
        }
    }

    /// The other slot's system, which was good before, boots next.
    ///
    /// # Errors
    ///
    /// If it is not good.
    pub fn rollback(&mut self) -> Result<(), Error> {
        let slot = self.booted.other();
        self.require_good(slot)?;
        let state = self.get(slot)?;
        if state.primary {
            return Ok(());
        }
        let name = EntryName { slot, tries: None };
        self.put(name, &state.version.unwrap_or_default())
    }

    /// Writes an entry with the highest number of all.
    fn put(&mut self, name: EntryName, version: &str) -> Result<(), Error> {
        let highest = self.states()?.iter().filter_map(|s| s.activation).max();
        let entry = Entry {
            activation: highest.unwrap_or(0) + 1,
            version: version.to_owned(),
        };
        // The boot loader reads `*.conf` alone.
        let temporary = format!("slot-{}.new", name.slot.letter());
        self.entries.write(&temporary, &entry.text(name.slot))?;
        self.entries.rename(&temporary, &name.to_string())?;
        Ok(())
    }

    fn failure(&self, slot: Slot) -> Result<Option<String>, Error> {
        let name = failure_name(slot);
        Ok(match self.entries.list()?.contains(&name) {
            true => Some(self.entries.read(&name)?),
            false => None,
        })
    }

    fn forget_failure(&mut self, slot: Slot) -> Result<(), Error> {
        let name = failure_name(slot);
        if self.entries.list()?.contains(&name) {
            self.entries.remove(&name)?;
        }
        Ok(())
    }

    fn require_good(&self, slot: Slot) -> Result<(), Error> {
        match self.get(slot)?.health {
            Health::Good => Ok(()),
            _ => Err(Error::NotGood { slot }),
        }
    }

    fn state(&self, slot: Slot) -> Result<State, Error> {
        let mut state = State {
            slot,
            health: Health::Empty,
            version: None,
            activation: None,
            failure: self.failure(slot)?,
            booted: slot == self.booted,
            primary: false,
        };
        let Some(name) = self.names(slot)?.pop() else {
            return Ok(state);
        };
        let text = self.entries.read(&name.to_string())?;
        let Some(entry) = Entry::parse(&text) else {
            tracing::warn!("the boot entry {name} is damaged");
            return Ok(state);
        };
        state.health = match name.tries {
            None => Health::Good,
            Some(Tries { left: 0, .. }) => Health::Bad,
            Some(tries) => Health::Tried(tries),
        };
        state.version = Some(entry.version);
        state.activation = Some(entry.activation);
        Ok(state)
    }

    /// The entries of a slot. A rename that the power cut short can leave two:
    /// the last one is the one that counts.
    fn names(&self, slot: Slot) -> Result<Vec<EntryName>, Error> {
        let mut names: Vec<EntryName> = self
            .entries
            .list()?
            .iter()
            .filter_map(|name| name.parse().ok())
            .filter(|name: &EntryName| name.slot == slot)
            .collect();
        names.sort_by_key(|name| match name.tries {
            Some(tries) => (0, tries.left),
            None => (1, 0),
        });
        Ok(names)
    }

    fn remove_all_but(&mut self, slot: Slot, kept: Option<EntryName>) -> Result<(), Error> {
        for name in self.names(slot)? {
            if Some(name) != kept {
                self.entries.remove(&name.to_string())?;
            }
        }
        Ok(())
    }
}
