//! Every change of the slots with the power going at every moment: there is
//! always a system that boots, and it is the old one or the new one.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use proptest::prelude::*;
use slots::{Entry, EntryName, Error, Folder, Health, Slot, Slots, TRIES, Tries};

type Files = BTreeMap<String, String>;

/// A folder as FAT has it: not even a rename is atomic. When the power goes in
/// the middle of a step, what is left of it is one of several things.
#[derive(Debug, Clone, Default)]
struct Fat {
    files: Rc<RefCell<Files>>,
    /// Steps until the power goes; `None` if it stays.
    left: Rc<RefCell<Option<usize>>>,
    /// What is left of the last step.
    torn: usize,
}

const WAYS_TO_TEAR: usize = 4;

fn cut(action: &'static str) -> files::Error {
    files::Error {
        action,
        path: "entries".into(),
        source: io::Error::other("the power is gone"),
    }
}

impl Fat {
    /// Whether this step is the last one, and not done as a whole.
    fn goes_now(&self) -> files::Result<bool> {
        let mut left = self.left.borrow_mut();
        match *left {
            None => Ok(false),
            Some(0) => Err(cut("reach")),
            Some(1) => {
                *left = Some(0);
                Ok(true)
            }
            Some(steps) => {
                *left = Some(steps - 1);
                Ok(false)
            }
        }
    }
}

impl Folder for Fat {
    fn list(&self) -> files::Result<Vec<String>> {
        Ok(self.files.borrow().keys().cloned().collect())
    }

    fn read(&self, name: &str) -> files::Result<String> {
        let files = self.files.borrow();
        files.get(name).cloned().ok_or_else(|| cut("find"))
    }

    fn write(&mut self, name: &str, text: &str) -> files::Result<()> {
        let torn = self.goes_now()?;
        let written = match (torn, self.torn) {
            (true, 0) => return Err(cut("write")),
            (true, 1) => "",
            (true, 2) => &text[..text.len() / 2],
            _ => text,
        };
        let name = name.to_owned();
        self.files.borrow_mut().insert(name, written.to_owned());
        if torn { Err(cut("write")) } else { Ok(()) }
    }

    fn rename(&mut self, from: &str, to: &str) -> files::Result<()> {
        let torn = self.goes_now()?;
        let mut files = self.files.borrow_mut();
        let text = files.get(from).cloned().ok_or_else(|| cut("find"))?;
        if torn && self.torn == 0 {
            return Err(cut("rename"));
        }
        if !(torn && self.torn == 1) {
            files.insert(to.to_owned(), text);
        }
        if !(torn && self.torn == 2) {
            files.remove(from);
        }
        if torn { Err(cut("rename")) } else { Ok(()) }
    }

    fn remove(&mut self, name: &str) -> files::Result<()> {
        let torn = self.goes_now()?;
        if !(torn && self.torn == 0) {
            self.files.borrow_mut().remove(name);
        }
        if torn { Err(cut("remove")) } else { Ok(()) }
    }
}

/// What systemd-boot would start: those with tries left before those without,
/// the highest number, and of the same number the one that counts least.
fn boot_loader(files: &Files) -> Option<(Slot, String)> {
    files
        .iter()
        .filter_map(|(name, text)| {
            let name: EntryName = name.parse().ok()?;
            let entry = Entry::parse(text)?;
            let alive = name.tries.is_none_or(|tries| tries.left > 0);
            Some(((alive, entry.activation), (name.slot, entry.version)))
        })
        .max_by_key(|(key, _)| *key)
        .map(|(_, found)| found)
}

fn entry(name: &str, activation: u64, version: &str) -> (String, String) {
    let parsed: EntryName = name.parse().unwrap();
    let entry = Entry {
        activation,
        version: version.to_owned(),
    };
    (name.to_owned(), entry.text(parsed.slot))
}

/// As after an update that went well: B runs and is good, A has the old system.
fn updated() -> Files {
    [
        entry("slot-a.conf", 4, "1.0"),
        entry("slot-b.conf", 5, "1.1"),
    ]
    .into()
}

/// On the first boot of an update to A.
fn trying() -> Files {
    [
        entry("slot-a+2-1.conf", 6, "1.2"),
        entry("slot-b.conf", 5, "1.1"),
    ]
    .into()
}

/// After an update, with the way back chosen.
fn back() -> Files {
    [
        entry("slot-a.conf", 6, "1.0"),
        entry("slot-b.conf", 5, "1.1"),
    ]
    .into()
}

type Change = fn(&mut Slots<Fat>) -> Result<(), Error>;

#[test]
fn the_power_may_go_at_any_moment() {
    let failed = || {
        let mut files = trying();
        files.insert("slot-a.failure".to_owned(), "why".to_owned());
        files
    };
    let cases: [(&str, Files, Slot, Change); 11] = [
        ("clear", updated(), Slot::B, |s| s.clear_inactive()),
        ("activate", updated(), Slot::B, |s| s.activate("1.2")),
        ("cancel", trying(), Slot::B, |s| s.cancel()),
        ("cancel a way back", back(), Slot::B, |s| s.cancel()),
        ("settle what was passed over", back(), Slot::B, |s| {
            s.settle_passed_over().map(drop)
        }),
        ("note a failure", trying(), Slot::A, |s| {
            s.note_failure("why").map(drop)
        }),
        ("mark good at last", failed(), Slot::A, |s| s.mark_good()),
        ("roll back", updated(), Slot::B, |s| s.rollback()),
        ("mark good", trying(), Slot::A, |s| s.mark_good()),
        ("mark bad", trying(), Slot::B, |s| s.mark_bad(Slot::A)),
        ("mark the good one bad", updated(), Slot::B, |s| {
            s.mark_bad(Slot::A)
        }),
    ];
    for (name, before, booted, change) in cases {
        let run = |left, torn| {
            let fat = Fat {
                files: Rc::new(RefCell::new(before.clone())),
                left: Rc::new(RefCell::new(left)),
                torn,
            };
            let result = change(&mut Slots::new(fat.clone(), booted));
            (result, fat.files.take())
        };
        let (result, after) = run(None, 0);
        result.unwrap();
        let expected = [boot_loader(&before), boot_loader(&after)];
        // What was good and is left alone by the change is as good.
        let safe = boot_loader(&updated());
        for steps in 1.. {
            let mut done = false;
            for torn in 0..WAYS_TO_TEAR {
                let (result, files) = run(Some(steps), torn);
                done = result.is_ok();
                let next = boot_loader(&files);
                assert!(next.is_some(), "{name}, {steps}, {torn}: nothing boots");
                assert!(
                    expected.contains(&next) || next == safe,
                    "{name}, {steps}, {torn}: {next:?} boots; {files:?}"
                );
                if done {
                    break;
                }
                // Done again after the power is back, it comes out the same.
                let fat = Fat {
                    files: Rc::new(RefCell::new(files)),
                    ..Fat::default()
                };
                match change(&mut Slots::new(fat.clone(), booted)) {
                    Ok(()) => assert_eq!(
                        boot_loader(&fat.files.borrow()),
                        expected[1],
                        "{name}, {steps}, {torn}: again"
                    ),
                    // There is nothing any more that it could be done to.
                    Err(Error::NoSystem { .. } | Error::NotGood { .. }) => {
                        assert_eq!(boot_loader(&fat.files.borrow()), safe);
                    }
                    Err(error) => panic!("{name}, {steps}, {torn}: {error}"),
                }
            }
            if done {
                break;
            }
        }
    }
}

/// N is good, N+1 is good, N+2 fails: it is N+1 that comes back (and not N).
#[test]
fn the_fallback_is_the_system_that_was_good_last() {
    let fat = Fat {
        files: Rc::new(RefCell::new([entry("slot-a.conf", 1, "N")].into())),
        ..Fat::default()
    };
    let next = || boot_loader(&fat.files.borrow()).unwrap();
    let mut on_a = Slots::new(fat.clone(), Slot::A);
    on_a.clear_inactive().unwrap();
    on_a.activate("N+1").unwrap();
    assert_eq!(next(), (Slot::B, "N+1".to_owned()));
    fail_once(&fat);
    let mut on_b = Slots::new(fat.clone(), Slot::B);
    assert_eq!(
        on_b.get(Slot::B).unwrap().health,
        Health::Tried(Tries { left: 2, done: 1 })
    );
    on_b.mark_good().unwrap();
    assert_eq!(next(), (Slot::B, "N+1".to_owned()));

    // Not while the new system is being written, and not after it has failed.
    on_b.clear_inactive().unwrap();
    assert_eq!(next(), (Slot::B, "N+1".to_owned()));
    on_b.activate("N+2").unwrap();
    for _ in 0..TRIES {
        assert_eq!(next(), (Slot::A, "N+2".to_owned()));
        fail_once(&fat);
    }
    assert_eq!(next(), (Slot::B, "N+1".to_owned()));
    let mut on_b = Slots::new(fat.clone(), Slot::B);
    assert_eq!(on_b.get(Slot::A).unwrap().health, Health::Bad);
    assert!(!on_b.note_failure("it has been good").unwrap());
    assert!(on_b.get(Slot::B).unwrap().primary);
}

#[test]
fn a_reason_stays_until_it_is_no_more_true() {
    let fat = Fat {
        files: Rc::new(RefCell::new(trying())),
        ..Fat::default()
    };
    let reason = || {
        Slots::new(fat.clone(), Slot::B)
            .get(Slot::A)
            .unwrap()
            .failure
    };
    let mut on_a = Slots::new(fat.clone(), Slot::A);
    assert_eq!(reason(), None);
    assert!(on_a.note_failure(&"é".repeat(4000)).unwrap());
    assert_eq!(reason().unwrap(), "é".repeat(2048));
    assert!(on_a.note_failure("kubelet.service is failed").unwrap());
    assert_eq!(reason().unwrap(), "kubelet.service is failed");
    // The system that comes back lets another one be written.
    Slots::new(fat.clone(), Slot::B).clear_inactive().unwrap();
    assert_eq!(reason(), None);
    assert_eq!(fat.list().unwrap(), ["slot-b.conf"]);
}

#[test]
fn what_the_boot_loader_passed_over_is_bad() {
    let settle = |files: Files, booted| {
        let fat = Fat {
            files: Rc::new(RefCell::new(files)),
            ..Fat::default()
        };
        let mut slots = Slots::new(fat, booted);
        let passed_over = slots.settle_passed_over().unwrap();
        (passed_over, slots.get(booted.other()).unwrap().health)
    };
    assert_eq!(settle(trying(), Slot::B), (true, Health::Bad));
    assert_eq!(settle(trying(), Slot::A), (false, Health::Good));
    assert_eq!(settle(updated(), Slot::B), (false, Health::Good));
}

#[test]
fn a_way_back_that_is_not_taken_stays_open() {
    let fat = Fat {
        files: Rc::new(RefCell::new(back())),
        ..Fat::default()
    };
    let mut on_b = Slots::new(fat.clone(), Slot::B);
    on_b.cancel().unwrap();
    assert_eq!(
        boot_loader(&fat.files.borrow()),
        Some((Slot::B, "1.1".to_owned()))
    );
    assert_eq!(on_b.get(Slot::A).unwrap().health, Health::Good);
    on_b.rollback().unwrap();
    assert_eq!(
        boot_loader(&fat.files.borrow()),
        Some((Slot::A, "1.0".to_owned()))
    );
}

/// As the boot loader counts.
fn fail_once(fat: &Fat) {
    let (slot, _) = boot_loader(&fat.files.borrow()).unwrap();
    let names: Vec<EntryName> = fat.list().unwrap().iter().flat_map(|n| n.parse()).collect();
    let name = names.into_iter().find(|name| name.slot == slot).unwrap();
    if let Some(Tries { left, done }) = name.tries {
        let counted = EntryName {
            slot,
            tries: Some(Tries {
                left: left - 1,
                done: done + 1,
            }),
        };
        let mut fat = fat.clone();
        fat.rename(&name.to_string(), &counted.to_string()).unwrap();
    }
}

#[test]
fn what_would_leave_no_good_system_is_refused() {
    let slots = |files: Files, booted| {
        let fat = Fat {
            files: Rc::new(RefCell::new(files)),
            ..Fat::default()
        };
        Slots::new(fat, booted)
    };
    let not_good = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::NotGood { .. })), "{result:?}");
    };
    // On trial, the old system is all there is to fall back to.
    let mut trial = slots(trying(), Slot::A);
    not_good(trial.clear_inactive());
    not_good(trial.activate("x"));
    not_good(trial.cancel());
    not_good(trial.mark_bad(Slot::B));
    // Going back is what it is for.
    trial.rollback().unwrap();
    assert!(trial.get(Slot::B).unwrap().primary);

    let mut fresh = slots([entry("slot-a.conf", 1, "N")].into(), Slot::A);
    not_good(fresh.rollback());
    not_good(fresh.mark_bad(Slot::A));
    let torn = [("slot-a.conf".to_owned(), "title".to_owned())].into();
    not_good(slots(torn, Slot::A).clear_inactive());
    let none = slots(Files::new(), Slot::A).mark_good();
    assert!(matches!(none, Err(Error::NoSystem { .. })), "{none:?}");
}

proptest! {
    /// Whatever is asked for in whatever order, something good can boot.
    #[test]
    fn there_is_always_a_good_system(steps in prop::collection::vec(0u8..8, 0..40)) {
        let fat = Fat {
            files: Rc::new(RefCell::new([entry("slot-a.conf", 1, "N")].into())),
            ..Fat::default()
        };
        let mut booted = Slot::A;
        for step in steps {
            let mut slots = Slots::new(fat.clone(), booted);
            let _ = match step {
                0 => slots.clear_inactive(),
                1 => slots.activate("next"),
                2 => slots.cancel(),
                3 => slots.rollback(),
                4 => slots.mark_good(),
                5 => slots.mark_bad(Slot::A),
                6 => slots.mark_bad(Slot::B),
                _ => {
                    booted = boot_loader(&fat.files.borrow()).unwrap().0;
                    fail_once(&fat);
                    Ok(())
                }
            };
            let states = Slots::new(fat.clone(), booted).states().unwrap();
            prop_assert!(states.iter().any(|s| s.health == Health::Good), "{states:?}");
            let primary = states.iter().find(|s| s.primary).unwrap().slot;
            prop_assert_eq!(boot_loader(&fat.files.borrow()).unwrap().0, primary);
        }
    }
}
