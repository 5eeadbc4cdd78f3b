//! A process of a function: what it is called, and whether it lives.

use std::sync::Arc;

use runtime::{Clock, IdGenerator};
use tokio::sync::watch;

use crate::{mutation::Mutation, sim::Sim};

/// An execution environment of a function.
#[derive(Debug)]
pub(crate) struct Process {
    /// The function and the number of the process, such as `payment#2`.
    pub(crate) name: String,
    pub(crate) sim: Arc<Sim>,
    dead: watch::Sender<bool>,
}

impl Process {
    pub(crate) fn new(name: String, sim: &Arc<Sim>) -> Arc<Self> {
        Arc::new(Self { name, sim: Arc::clone(sim), dead: watch::Sender::new(false) })
    }

    /// The binary that this is a process of.
    pub(crate) fn binary(&self) -> &str {
        self.name.split('#').next().unwrap_or_default()
    }

    /// Whether what it writes is written whether its condition holds or not.
    pub(crate) fn lacks_conditions(&self) -> bool {
        self.sim
            .lacks(|it| matches!(it, Mutation::Unconditional(binary) if binary == self.binary()))
    }

    /// Ends the process: whoever runs it drops what it was doing.
    pub(crate) fn kill(&self) {
        self.dead.send_replace(true);
    }

    /// Ends the process from within, and never comes back.
    pub(crate) async fn die<T>(&self) -> T {
        self.kill();
        std::future::pending().await
    }

    /// Waits until the process has been ended.
    pub(crate) async fn death(&self) {
        // An error means that the process is gone, which `self` rules out.
        let _ = self.dead.subscribe().wait_for(|dead| *dead).await;
    }

    /// What this process takes for the time.
    pub(crate) fn clock(&self) -> Clock {
        let (sim, skew) = (Arc::clone(&self.sim), self.sim.skew());
        Clock::from_fn(move || (sim.now() + skew).truncate_to_millisecond())
    }

    /// Ids that no other process has.
    pub(crate) fn tokens(&self) -> IdGenerator {
        let name = self.name.clone();
        let drawn = std::sync::atomic::AtomicU64::new(0);
        IdGenerator::from_fn(move || {
            let number = drawn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            format!("{name}.{number}")
        })
    }
}
