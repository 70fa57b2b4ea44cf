//! How much input the node takes.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts what was sent, and waits where that is all that may be on its way.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    limit: Arc<watch::Sender<u64>>,
    sent: u64,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            limit: Arc::new(watch::Sender::new(0)),
            sent: 0,
        }
    }
}

impl Capacity {
    /// What the node says.
    pub(super) fn set(&self, new: exec_protocol::Capacity) {
        let limit = new
            .messages_written
            .saturating_add(new.max_messages_outstanding);
        self.limit.send_replace(limit);
    }

    /// Waits until one more message may be sent.
    pub(super) async fn wait(&mut self) {
        let sent = self.sent;
        // There is a sender: this.
        let _ = self.limit.subscribe().wait_for(|limit| sent < *limit).await;
        self.sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn as_many_are_sent_as_the_node_takes() {
        let mut capacity = Capacity::default();
        let node = capacity.clone();
        let soon = Duration::from_millis(20);
        assert!(timeout(soon, capacity.wait()).await.is_err());
        for (written, allowed) in [(0, 2), (1, 1), (3, 2)] {
            node.set(exec_protocol::Capacity {
                max_messages_outstanding: 2,
                messages_written: written,
            });
            for _ in 0..allowed {
                capacity.wait().await;
            }
            assert!(timeout(soon, capacity.wait()).await.is_err());
        }
    }
}
