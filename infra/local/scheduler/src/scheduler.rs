//! All schedules of a stack.

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::Mutex;
use tokio::task::JoinSet;

use crate::{options::Options, run::Run, spec::ScheduleSpec, stats::Stats, targets::Targets};

/// All schedules of a stack. When it is dropped they end.
pub struct Scheduler {
    runs: Vec<Arc<Run>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Scheduler {
    /// Starts `schedules`: each invokes its function at once. It must be called within a runtime
    /// of tokio, which they run on.
    pub fn start(
        schedules: Vec<ScheduleSpec>,
        targets: Arc<dyn Targets>,
        options: Options,
    ) -> Self {
        let mut random = fastrand::Rng::with_seed(options.seed);
        let run = |schedule| {
            Arc::new(Run {
                schedule,
                targets: Arc::clone(&targets),
                options: options.clone(),
                stats: Mutex::default(),
                random: Mutex::new(random.fork()),
            })
        };
        let runs: Vec<Arc<Run>> = schedules.into_iter().map(run).collect();
        let mut tasks = JoinSet::new();
        for run in &runs {
            tasks.spawn(Arc::clone(run).run());
        }
        Self { runs, tasks: Mutex::new(tasks) }
    }

    /// The schedules that are at work.
    pub fn schedules(&self) -> impl Iterator<Item = &ScheduleSpec> {
        self.runs.iter().map(|run| &run.schedule)
    }

    /// What became of the invocations of each schedule, by its name.
    pub fn stats(&self) -> BTreeMap<String, Stats> {
        self.runs.iter().map(|run| (run.schedule.name.clone(), *run.stats.lock())).collect()
    }

    /// Ends every schedule, and returns when none invokes anything any more. What waits to be
    /// tried again is dropped.
    pub async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.shutdown().await;
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Scheduler").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
