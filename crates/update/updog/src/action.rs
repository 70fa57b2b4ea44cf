//! What the API asks for: actions, which of them fit the state that updates are
//! in, and what they leave.
//!
//! | action | from | to |
//! |---|---|---|
//! | `refresh` | `Idle`, `Available` | `Available` if there is an update, else `Idle` |
//! | `refresh` | `Staged`, `Ready` | stays |
//! | `prepare` | `Available`, `Staged` | `Staged` |
//! | `activate` | `Staged` | `Ready` |
//! | `deactivate` | `Ready` | `Staged` |
//! | `rollback` | any | `Ready`, with the system that ran before |
//!
//! An action begins with one line from the API, its name, and is answered with
//! one line: `{"code": 0}`, or the code of a [`Refusal`] and a `message`. Then it
//! goes on; the API sees the outcome in [`Status`].

use std::io::{BufRead, Read, Write};

use anyhow::{Context, Result};
use jiff::{Timestamp, Unit};
use serde::Deserialize;
use serde_json::json;

use crate::status::{Ending, Installed, LastCommand, State, Status, System};
use crate::updater::{Updater, Wish};

/// The longest line that is read.
const MAX_LINE: u64 = 64;

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Look for an update.
    Refresh,
    /// Write it to the other slot.
    Prepare,
    /// It boots next.
    Activate,
    /// It does not boot next after all.
    Deactivate,
    /// The system that ran before boots next.
    Rollback,
}

/// Why an action does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another one is not over.
    #[error("another update action is not over yet")]
    Locked,
    /// It makes no sense in this state.
    #[error("{} is not allowed while the state of updates is {state:?}", .action.name())]
    Disallowed {
        /// The action.
        action: Action,
        /// The state.
        state: State,
    },
    /// There is no update to take.
    #[error("no update is chosen; hint: refresh first")]
    NoUpdate,
    /// Nothing is in the other slot.
    #[error("nothing is staged; hint: prepare first")]
    NothingStaged,
}

impl Refusal {
    /// What a program ends with, and the API is told.
    pub fn code(self) -> u8 {
        match self {
            Self::Locked => 64,
            Self::Disallowed { .. } => 65,
            Self::NoUpdate => 66,
            Self::NothingStaged => 67,
        }
    }
}

impl Action {
    const ALL: [Self; 5] = [
        Self::Refresh,
        Self::Prepare,
        Self::Activate,
        Self::Deactivate,
        Self::Rollback,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Prepare => "prepare",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Rollback => "rollback",
        }
    }

    /// Whether it may begin.
    fn admit(self, status: &Status) -> Result<(), Refusal> {
        use State::{Available, Ready, Staged};
        let state = status.update_state;
        let fits = match self {
            Self::Refresh | Self::Rollback => true,
            Self::Prepare => matches!(state, Available | Staged),
            Self::Activate => state == Staged,
            Self::Deactivate => state == Ready,
        };
        if !fits {
            let action = self;
            return Err(Refusal::Disallowed { action, state });
        }
        match self {
            Self::Prepare if status.chosen_update.is_none() => Err(Refusal::NoUpdate),
            Self::Activate | Self::Deactivate if status.staging_partition.is_none() => {
                Err(Refusal::NothingStaged)
            }
            _ => Ok(()),
        }
    }

    async fn run(self, updater: &Updater, status: &mut Status) -> Result<()> {
        match self {
            Self::Refresh => refresh(updater, status).await?,
            Self::Prepare => prepare(updater, status).await?,
            Self::Activate => {
                updater.activate()?;
                status.update_state = State::Ready;
            }
            Self::Deactivate => {
                updater.with_slots(|slots| Ok(slots.cancel()?))?;
                status.update_state = State::Staged;
            }
            Self::Rollback => roll_back(updater, status)?,
        }
        Ok(())
    }
}

/// Reads an action from standard input, answers on standard output, and does it.
///
/// # Errors
///
/// If nobody can be told how it ended. That it failed is told.
pub async fn answer(updater: &Updater) -> Result<()> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_LINE)
        .read_line(&mut line)
        .context("failed to read the action")?;
    let name = line.trim();
    let action = Action::ALL.into_iter().find(|action| action.name() == name);
    let action = action.with_context(|| format!("`{}` is no action", name.escape_debug()))?;
    let run = updater.run_folder();
    let Some(_lock) = run.lock()? else {
        return reply(
            json!({"code": Refusal::Locked.code(), "message": Refusal::Locked.to_string()}),
        );
    };
    let mut status = run.status();
    if let Err(refusal) = action.admit(&status) {
        return reply(json!({"code": refusal.code(), "message": refusal.to_string()}));
    }
    reply(json!({"code": 0}))?;
    let outcome = action.run(updater, &mut status).await;
    let outcome = outcome.and_then(|()| note_partitions(updater, &mut status));
    let error = outcome.err().map(|error| applet::explain(&error));
    if let Some(error) = &error {
        tracing::error!("{} failed: {error}", action.name());
    }
    status.most_recent_command = Some(LastCommand {
        cmd_type: action.name().to_owned(),
        cmd_status: match error {
            None => Ending::Success,
            Some(_) => Ending::Failed,
        },
        timestamp: Timestamp::now().round(Unit::Microsecond)?.to_string(),
        exit_status: i32::from(error.is_some()),
        stderr: error.unwrap_or_default(),
    });
    Ok(run.tell(&status)?)
}

fn reply(line: serde_json::Value) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .context("failed to answer")
}

async fn refresh(updater: &Updater, status: &mut Status) -> Result<()> {
    // What was chosen before is not, until it is again.
    status.chosen_update = None;
    status.no_update_reason = None;
    status.available_updates.clear();
    let settled = matches!(status.update_state, State::Staged | State::Ready);
    if !settled {
        status.update_state = State::Idle;
    }
    let offer = match updater.ask(&Wish::default()).await {
        Ok(offer) => offer,
        Err(error) => {
            status.no_update_reason = Some(applet::explain(&error));
            return Err(error);
        }
    };
    status.available_updates = offer.all().iter().map(|u| u.version.clone()).collect();
    match offer.choice() {
        Err(reason) => status.no_update_reason = Some(reason.to_string()),
        Ok(update) => {
            status.chosen_update = Some(System {
                arch: update.arch.clone(),
                version: update.version.clone(),
                variant: update.variant.clone(),
            });
            if !settled {
                status.update_state = State::Available;
            }
        }
    }
    Ok(())
}

async fn prepare(updater: &Updater, status: &mut Status) -> Result<()> {
    let chosen = status.chosen_update.clone();
    let chosen = chosen.context("no update is chosen")?;
    // From here on, what was in the other slot is not whole.
    status.update_state = State::Available;
    status.staging_partition = None;
    let wish = Wish {
        image: Some(chosen.version.clone()),
        ..Wish::default()
    };
    let offer = updater.ask(&wish).await?;
    updater.write(&offer, offer.choice()?).await?;
    status.staging_partition = Some(Installed {
        image: chosen,
        next_to_boot: false,
    });
    status.update_state = State::Staged;
    Ok(())
}

fn roll_back(updater: &Updater, status: &mut Status) -> Result<()> {
    let (variant, _) = updater.system()?;
    let state = updater.with_slots(|slots| {
        slots.rollback()?;
        Ok(slots.get(slots.booted().other())?)
    })?;
    let version = state.version.unwrap_or_default();
    status.staging_partition = Some(Installed {
        image: System {
            arch: std::env::consts::ARCH.to_owned(),
            version: version.parse().context("the other slot names no version")?,
            variant,
        },
        next_to_boot: true,
    });
    status.update_state = State::Ready;
    Ok(())
}

/// Which of the two boots next.
fn note_partitions(updater: &Updater, status: &mut Status) -> Result<()> {
    let (variant, version) = updater.system()?;
    let states = updater.states()?;
    status.slots = states
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()?;
    let next = |booted: bool| states.iter().any(|s| s.booted == booted && s.primary);
    status.active_partition = Some(Installed {
        image: System {
            arch: std::env::consts::ARCH.to_owned(),
            version,
            variant,
        },
        next_to_boot: next(true),
    });
    if let Some(staged) = &mut status.staging_partition {
        staged.next_to_boot = next(false);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system() -> System {
        System {
            arch: "x86_64".to_owned(),
            version: "1.1.0".parse().unwrap(),
            variant: "metal-dev".to_owned(),
        }
    }

    #[test]
    fn actions_fit_the_state() {
        use Action::{Activate, Deactivate, Prepare, Refresh, Rollback};
        let all = [Refresh, Prepare, Activate, Deactivate, Rollback];
        let cases: [(State, [u8; 5]); 4] = [
            (State::Idle, [0, 65, 65, 65, 0]),
            (State::Available, [0, 0, 65, 65, 0]),
            (State::Staged, [0, 0, 0, 65, 0]),
            (State::Ready, [0, 65, 65, 0, 0]),
        ];
        for (state, codes) in cases {
            let status = Status {
                update_state: state,
                chosen_update: Some(system()),
                staging_partition: Some(Installed {
                    image: system(),
                    next_to_boot: false,
                }),
                ..Status::default()
            };
            for (action, code) in all.into_iter().zip(codes) {
                let found = action.admit(&status).map_or_else(Refusal::code, |()| 0);
                assert_eq!(found, code, "{action:?} in {state:?}");
            }
            let bare = Status {
                update_state: state,
                ..Status::default()
            };
            for (action, code) in all.into_iter().zip(codes) {
                let expected = match (action, code) {
                    (Prepare, 0) => 66,
                    (Activate | Deactivate, 0) => 67,
                    (_, code) => code,
                };
                let found = action.admit(&bare).map_or_else(Refusal::code, |()| 0);
                assert_eq!(found, expected, "{action:?} in {state:?} with nothing");
            }
        }
    }

    #[test]
    fn refusals_say_what_and_when() {
        let refused = Action::Prepare.admit(&Status::default()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "prepare is not allowed while the state of updates is Idle"
        );
    }
}
