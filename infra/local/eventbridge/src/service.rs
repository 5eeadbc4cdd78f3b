//! The bus as others see it.

use std::{collections::BTreeMap, sync::Arc};

use local_core::{Bytes, Reply, Service};

use crate::{
    api,
    archive::{ArchivedEvent, Arrived},
    deliver::Deliver,
    spec::Topology,
    state::{Inner, Options},
    stats::Stats,
    topology::TopologyError,
};

/// EventBridge, in process. Clones are the same bus.
#[derive(Clone)]
pub struct EventBridge(Arc<Inner>);

impl EventBridge {
    /// A bus with everything in `topology`, which hands events to `deliver`.
    ///
    /// # Errors
    /// The topology is not one that AWS would create; the error names the resource. Correct
    /// the template.
    pub fn new(
        topology: Topology,
        deliver: Arc<dyn Deliver>,
        options: Options,
    ) -> Result<Self, TopologyError> {
        Ok(Self(Arc::new(Inner::new(topology, deliver, options)?)))
    }

    /// What has been done so far.
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// The deliveries under way: waiting, running, or between two attempts.
    pub fn pending(&self) -> usize {
        self.0.options.pending_max.saturating_sub(self.0.places.available_permits())
    }

    /// Whether no delivery is under way and no replay runs.
    pub fn idle(&self) -> bool {
        let replays_over = self.0.replays.lock().values().all(|it| it.state().is_final());
        replays_over && self.pending() == 0
    }

    /// Every event that any archive keeps, in the order of arrival.
    pub fn archived(&self) -> Vec<ArchivedEvent> {
        self.archived_from(0)
    }

    /// [`archived`](Self::archived) without the first `count`, for a caller that has seen those.
    pub fn archived_from(&self, count: usize) -> Vec<ArchivedEvent> {
        let now = self.0.options.clock.now();
        let archives = self.0.resources.archives.values();
        let by_number: BTreeMap<u64, Arrived> =
            archives.flat_map(|it| it.at(now)).map(|it| (it.number, it)).collect();
        by_number
            .into_values()
            .skip(count)
            .map(|it| ArchivedEvent { at: it.at, event: it.event.value() })
            .collect()
    }
}

impl Service for EventBridge {
    fn targets(&self) -> &'static [&'static str] {
        &["AWSEvents"]
    }

    fn json_version(&self) -> &'static str {
        "1.1"
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        Box::pin(async move {
            let response = api::call(&self.0, operation, &body)?;
            Ok(Bytes::from(response.to_string()))
        })
    }
}
