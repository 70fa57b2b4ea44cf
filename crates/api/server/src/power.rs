//! Rebooting.

use std::process::Command;
use std::sync::Arc;

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::Request;
use crate::state::State;

/// `POST /actions/reboot`: asks systemd, which refuses while something holds
/// an inhibitor lock.
pub(crate) async fn reboot(state: &Arc<State>, request: &Request) -> answer::Result {
    let mut command = Command::new(&state.config.systemctl);
    command.args(["reboot", "--check-inhibitors=yes"]);
    audit(request, "reboot", None, None, &[]);
    match tokio::task::spawn_blocking(move || process::output(&mut command)).await {
        Ok(Ok(_)) => answer::done(),
        Ok(Err(e)) => Err(Failure::internal(format!("failed to reboot: {e}"))),
        Err(e) => Err(Failure::internal(format!("failed to reboot: {e}"))),
    }
}
