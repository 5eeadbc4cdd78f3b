//! A world: the whole system with its customers, from the first order to the last event.

use tokio::task::{LocalSet, spawn_local};

use crate::{profile::Plan, run::Run, sim::Sim, snapshot, stage::Stage, story::Story, webhooks};

/// A world that has not begun.
#[derive(Debug, Clone)]
pub struct World {
    seed: u64,
    plan: Plan,
}

impl World {
    /// The world of a seed, which meets the faults of `plan`.
    pub fn new(seed: u64, plan: Plan) -> Self {
        Self { seed, plan }
    }

    /// Has a customer live through each of `stories`, waits until nothing moves any more, and
    /// looks at what is left. The same world with the same stories does the same.
    ///
    /// # Panics
    ///
    /// When the world cannot be set up.
    pub fn play(&self, stories: &[Story]) -> Run {
        // The SDK draws its pauses and tokens, and the bus its ids, from this thread's generator.
        fastrand::seed(self.seed);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let sim = Sim::new(self.seed, self.plan.clone());
            let stage = Stage::set(&sim, stories).await;
            stage.expect_outage();
            stage.lambda.operate();
            if sim.has_webhooks() {
                spawn_local(webhooks::send(stage.lambda.clone()));
            }
            stage.spread().await;
            let customers = stage.begin(stories);
            let is_over = stage.watch(customers).await;
            stage.look_at_figures().await;
            let snapshot = snapshot::gather(&stage, stories.len(), is_over).await;
            let permissions = stage.lambda.services.permissions.lock().unwrap().clone();
            Run { permissions, ..Run::new(self.seed, stories, &sim, &snapshot) }
        })
    }
}
