//! Who changed what: one line in the log for each change. Keys are named,
//! values are not: some are secret.

use settings_model::Key;
use settings_store::{Layer, TransactionName};

use crate::request::Request;
use crate::transactions::prefixed;

/// Logs a change that was made.
pub(crate) fn audit(
    request: &Request,
    what: &str,
    transaction: Option<&TransactionName>,
    layer: Option<Layer>,
    keys: &[Key],
) {
    let peer = &request.peer;
    tracing::info!(
        target: "audit",
        uid = peer.uid,
        gid = peer.gid,
        pid = peer.pid,
        subj = peer.label.as_deref(),
        tx = transaction.map(AsRef::<str>::as_ref),
        layer = layer.map(Layer::name),
        keys = (!keys.is_empty()).then(|| prefixed(keys).join(",")),
        "{what}"
    );
}
