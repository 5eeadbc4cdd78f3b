//! The events that the bus received, for a scenario that waits for one.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use local_eventbridge::EventBridge;
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

/// The pause between two looks at the archive.
const LOOK: Duration = Duration::from_millis(10);

type Known = Arc<Mutex<BTreeSet<(String, String)>>>;

/// The events of a bus, by order and type. Dropped, it listens no more.
#[derive(Debug)]
pub(super) struct BusObserver {
    known: Known,
    updates: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl BusObserver {
    /// Listens to the archive of `bus`.
    pub(super) fn on(bus: EventBridge) -> Self {
        let known = Known::default();
        let (sender, updates) = watch::channel(0);
        let published = Arc::clone(&known);
        let task = tokio::spawn(async move {
            let mut count = 0;
            loop {
                let events = bus.archived_from(count);
                count += events.len();
                if !events.is_empty() {
                    let mut published = published.lock();
                    published.extend(events.iter().map(|it| {
                        let text = |value: &serde_json::Value| {
                            value.as_str().unwrap_or_default().to_owned()
                        };
                        let order = &it.event["detail"]["data"]["orderId"];
                        (text(order), text(&it.event["detail-type"]))
                    }));
                    drop(published);
                    sender.send_replace(count);
                }
                sleep(LOOK).await;
            }
        });
        Self { known, updates, task }
    }

    /// Waits until one of these events of an order is published, and returns which.
    pub(super) async fn any<'t>(&self, order: &str, types: &[&'t str]) -> &'t str {
        let mut updates = self.updates.clone();
        loop {
            // Marked as seen before looking, so that nothing is missed in between.
            updates.mark_unchanged();
            if let Some(found) = types.iter().find(|it| self.has(order, it)) {
                return found;
            }
            if updates.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn has(&self, order: &str, event_type: &str) -> bool {
        let known = self.known.lock();
        known.contains(&(order.to_owned(), event_type.to_owned()))
    }
}

impl Drop for BusObserver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
