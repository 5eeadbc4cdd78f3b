//! Kills functions while they work, as crashes, out-of-memory kills and lost hosts do.

use std::{collections::BTreeMap, time::Duration};

use local_lambda::LambdaHost;
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinHandle;

/// The pause between two kills.
const PAUSE_MS: std::ops::Range<u64> = 40..160;
/// After that, even the most unlucky run is left to finish.
const KILLS_MAX: usize = 100;

/// Kills a random function's process every now and then, until it is stopped.
#[derive(Debug)]
pub struct Chaos {
    task: JoinHandle<()>,
    killed: tokio::sync::mpsc::UnboundedReceiver<String>,
}

impl Chaos {
    /// Begins. The same `seed` makes the same choices among the same processes.
    pub fn start(functions: LambdaHost, seed: u64) -> Self {
        let (kills, killed) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut random = fastrand::Rng::with_seed(seed);
            for _ in 0..KILLS_MAX {
                tokio::time::sleep(Duration::from_millis(random.u64(PAUSE_MS))).await;
                let processes = functions.processes();
                if let Some((function, pid)) = random.choice(processes)
                    && kill(pid)
                    && kills.send(function).is_err()
                {
                    return;
                }
            }
        });
        Self { task, killed }
    }

    /// Ends, and returns how often which function was killed.
    pub async fn stop(mut self) -> BTreeMap<String, usize> {
        self.task.abort();
        let _ = self.task.await;
        let mut counts = BTreeMap::new();
        while let Ok(function) = self.killed.try_recv() {
            *counts.entry(function).or_default() += 1;
        }
        counts
    }
}

/// `kill -9`; whether there was still such a process.
fn kill(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
}
