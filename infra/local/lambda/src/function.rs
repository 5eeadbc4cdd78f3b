//! A function's waiting invocations and its environments.
//!
//! Invocations wait in one queue per function and are taken by whichever environment is free, so
//! that the death of an environment loses at most the one invocation it was working on.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::{
    code::Code,
    fault::Fault,
    invocation::{Invocation, InvokeError, Job},
    spec::FunctionSpec,
};

/// How many environments may die in their init before the invocation that wanted them fails:
/// Lambda repeats a failed init once.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.
const INITS_MAX: u32 = 2;

/// What happened to a function since the host started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FunctionStats {
    /// Invocations that reached an environment, each attempt counted.
    pub invocations: u64,
    /// Invocations that ended in a function error, crashes and timeouts included.
    pub errors: u64,
    /// Environments whose process died on its own or was killed by someone else.
    pub crashes: u64,
    /// Invocations that ran out of time.
    pub timeouts: u64,
    /// Environments that were started.
    pub cold_starts: u64,
    /// Environments that never asked for an invocation.
    pub inits_failed: u64,
    /// How often another binary came in the place of the function's.
    pub code_updates: u64,
    /// Invocations that were refused because too many were waiting.
    pub throttles: u64,
    /// Asynchronous events that were tried again.
    pub async_retries: u64,
    /// Asynchronous events that failed for good.
    pub async_failures: u64,
    /// Asynchronous events that are not settled yet.
    pub async_pending: usize,
    /// Invocations that wait for an environment now.
    pub waiting: usize,
    /// Environments that are working now.
    pub busy: usize,
    /// Environments that exist now.
    pub environments: usize,
}

pub(crate) struct Function {
    pub(crate) spec: FunctionSpec,
    pub(crate) code: Code,
    pool: Mutex<Pool>,
    /// One permit for each waiting invocation, give or take those that were failed in the queue.
    waiting: Semaphore,
}

#[derive(Default)]
struct Pool {
    waiting: VecDeque<Job>,
    environments: BTreeMap<u32, Slot>,
    started: u32,
    closed: bool,
    stats: FunctionStats,
}

struct Slot {
    pid: Option<u32>,
    busy: bool,
}

impl Pool {
    fn busy(&self) -> usize {
        self.environments.values().filter(|slot| slot.busy).count()
    }

    fn set_busy(&mut self, number: u32, busy: bool) {
        if let Some(slot) = self.environments.get_mut(&number) {
            slot.busy = busy;
        }
    }
}

impl Function {
    pub(crate) fn new(spec: FunctionSpec) -> Self {
        let code = Code::of(&spec.binary);
        Self { spec, code, pool: Mutex::default(), waiting: Semaphore::new(0) }
    }

    /// Puts `job` at the end of the queue.
    pub(crate) fn enqueue(&self, job: Job, waiting_max: usize) -> Result<(), InvokeError> {
        let mut pool = self.pool.lock();
        if pool.closed {
            return Err(InvokeError::ShuttingDown);
        }
        let waiting_max = if self.spec.concurrency_max == 0 { 0 } else { waiting_max };
        if pool.waiting.len() >= waiting_max {
            pool.stats.throttles += 1;
            let function = self.spec.name.clone();
            return Err(InvokeError::TooManyRequests { function, waiting_max });
        }
        pool.waiting.push_back(job);
        self.waiting.add_permits(1);
        Ok(())
    }

    /// Makes room for one more environment if an invocation waits that no present one is free to
    /// take: its number.
    pub(crate) fn reserve(&self) -> Option<u32> {
        let mut pool = self.pool.lock();
        let present = pool.environments.len();
        let free = present - pool.busy();
        if pool.closed || present >= self.spec.concurrency_max || pool.waiting.len() <= free {
            return None;
        }
        let number = pool.started;
        pool.started += 1;
        pool.stats.cold_starts += 1;
        pool.environments.insert(number, Slot { pid: None, busy: false });
        Some(number)
    }

    pub(crate) fn started(&self, number: u32, pid: Option<u32>) {
        if let Some(slot) = self.pool.lock().environments.get_mut(&number) {
            slot.pid = pid;
        }
    }

    /// Waits for an invocation, and marks environment `number` as busy with it. Dropping the
    /// future loses nothing.
    pub(crate) async fn take(&self, number: u32) -> Job {
        loop {
            match self.waiting.acquire().await {
                Ok(permit) => permit.forget(),
                // The semaphore is never closed.
                Err(_) => std::future::pending().await,
            }
            let mut pool = self.pool.lock();
            if let Some(job) = pool.waiting.pop_front() {
                pool.set_busy(number, true);
                return job;
            }
        }
    }

    /// Returns an invocation that environment `number` took but could not start.
    pub(crate) fn put_back(&self, number: u32, job: Job) {
        let mut pool = self.pool.lock();
        pool.set_busy(number, false);
        if !pool.closed {
            pool.waiting.push_front(job);
            self.waiting.add_permits(1);
        }
    }

    /// Environment `number` is done with its invocation.
    pub(crate) fn finished(&self, number: u32) {
        self.pool.lock().set_busy(number, false);
    }

    /// Environment `number` is gone. If it died in its init, the next invocation in line fails
    /// with `init_fault` once that has happened to it often enough.
    pub(crate) fn ended(&self, number: u32, init_fault: Option<InitFault>) {
        let mut pool = self.pool.lock();
        pool.environments.remove(&number);
        let Some(fault) = init_fault else { return };
        pool.stats.inits_failed += 1;
        let Some(mut job) = pool.waiting.pop_front() else { return };
        job.inits_failed += 1;
        if job.inits_failed < INITS_MAX {
            // Its permit is still there.
            pool.waiting.push_front(job);
            return;
        }
        pool.stats.errors += 1;
        drop(pool);
        let invocation = fault.invocation(&job.request.id);
        // A caller that went away does not need the answer.
        let _ = job.reply.send(invocation);
    }

    /// Refuses further invocations and drops those that wait.
    pub(crate) fn close(&self) {
        let mut pool = self.pool.lock();
        pool.closed = true;
        pool.waiting.clear();
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut FunctionStats)) {
        change(&mut self.pool.lock().stats);
    }

    pub(crate) fn stats(&self) -> FunctionStats {
        let pool = self.pool.lock();
        FunctionStats {
            waiting: pool.waiting.len(),
            busy: pool.busy(),
            environments: pool.environments.len(),
            ..pool.stats
        }
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.pool.lock().environments.values().filter_map(|slot| slot.pid).collect()
    }
}

/// Why an environment never asked for an invocation, and what it wrote meanwhile.
pub(crate) struct InitFault {
    pub(crate) cause: InitCause,
    pub(crate) log_tail: String,
}

pub(crate) enum InitCause {
    /// Lambda's words.
    Fault(Fault),
    /// The runtime's own, from `POST /runtime/init/error`.
    Reported(bytes::Bytes),
}

impl InitFault {
    fn invocation(self, request_id: &str) -> Invocation {
        Invocation {
            request_id: request_id.to_owned(),
            payload: match self.cause {
                InitCause::Fault(fault) => fault.payload(request_id),
                InitCause::Reported(payload) => payload,
            },
            function_error: Some("Unhandled".to_owned()),
            log_tail: self.log_tail,
            duration: std::time::Duration::ZERO,
        }
    }
}
