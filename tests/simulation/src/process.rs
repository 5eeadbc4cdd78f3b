//! A process of a function: what it is called, and whether it lives.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use parking_lot::Mutex;
use runtime::{Clock, IdGenerator};
use tokio::sync::Notify;

use crate::{incident::Incident, mutation::Mutation, sim::Sim, versions::Release};

/// For how long a process is frozen, and a function may do nothing, in seconds. A lease is one
/// minute at most, and a message comes back after some: so what is frozen may be overtaken.
const FROZEN_SECONDS: std::ops::Range<u64> = 20..1_800;
const DENIED_SECONDS: std::ops::Range<u64> = 20..900;

/// An execution environment of a function.
#[derive(Debug)]
pub(crate) struct Process {
    /// The function and the number of the process, such as `payment#2`.
    pub(crate) name: String,
    pub(crate) sim: Arc<Sim>,
    /// The release of the function that it is of, if not that of today.
    pub(crate) release: Option<Release>,
    /// When it started, since the beginning.
    pub(crate) started: Duration,
    state: Mutex<State>,
    /// Wakes, in their order, those who wait for a change. (A `watch` channel of tokio wakes them in
    /// an order that it draws.)
    changed: Notify,
    /// What waits for the process to go on.
    waiting: Mutex<Vec<Waker>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    is_dead: bool,
    frost: Frost,
}

/// Whether a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frost {
    Never,
    Frozen,
    Thawed,
}

impl Process {
    /// The process of this `number` of a function.
    pub(crate) fn new(binary: &str, number: u32, sim: &Arc<Sim>) -> Arc<Self> {
        let started = Duration::from_millis(sim.millisecond());
        let skew = sim.version_skew(binary).filter(|it| it.is_other(started, number));
        Arc::new(Self {
            name: format!("{binary}#{number}"),
            sim: Arc::clone(sim),
            release: skew.map(|it| it.release),
            started,
            state: Mutex::new(State { is_dead: false, frost: Frost::Never }),
            changed: Notify::new(),
            waiting: Mutex::default(),
        })
    }

    /// The binary that this is a process of.
    pub(crate) fn binary(&self) -> &str {
        self.name.split('#').next().unwrap_or_default()
    }

    /// Whether the function was deployed after it had started.
    pub(crate) fn is_replaced(&self) -> bool {
        let now = Duration::from_millis(self.sim.millisecond());
        let skew = self.sim.version_skew(self.binary()).map(|it| it.from);
        let deployed = [skew, self.sim.mode_changes_at()];
        deployed.into_iter().flatten().any(|at| self.started < at && at <= now)
    }

    /// Whether what it writes is written whether its condition holds or not.
    pub(crate) fn lacks_conditions(&self) -> bool {
        self.sim
            .lacks(|it| matches!(it, Mutation::Unconditional(binary) if binary == self.binary()))
    }

    /// Ends the process: its runner drops what it was doing.
    pub(crate) fn kill(&self) {
        self.change(|state| state.is_dead = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_waiters();
    }

    async fn until(&self, is_so: impl Fn(State) -> bool) {
        loop {
            // Before the state is read, so that no change is missed in between.
            let changed = self.changed.notified();
            if is_so(*self.state.lock()) {
                return;
            }
            changed.await;
        }
    }

    /// Ends the process from within, and never comes back.
    pub(crate) async fn die<T>(&self) -> T {
        self.kill();
        std::future::pending().await
    }

    /// Waits until the process has been ended.
    pub(crate) async fn death(&self) {
        self.until(|state| state.is_dead).await;
    }

    /// Freezes the process for as long as `random` says, from within. Nothing that it does goes on
    /// meanwhile, see [`awake`](Self::awake).
    pub(crate) async fn freeze(self: &Arc<Self>, random: &mut fastrand::Rng) {
        let lasts = Duration::from_secs(random.u64(FROZEN_SECONDS));
        self.change(|state| state.frost = Frost::Frozen);
        let (this, under_way) = (Arc::clone(self), self.sim.under_way());
        tokio::spawn(async move {
            tokio::time::sleep(lasts).await;
            this.sim.note(&format!("{} goes on", this.name));
            this.change(|state| state.frost = Frost::Thawed);
            this.waiting.lock().drain(..).for_each(Waker::wake);
            drop(under_way);
        });
        self.thawed().await;
    }

    /// Whether it is frozen.
    pub(crate) fn is_frozen(&self) -> bool {
        self.state.lock().frost == Frost::Frozen
    }

    /// Waits until it is not frozen.
    pub(crate) async fn thawed(&self) {
        self.until(|state| state.frost != Frost::Frozen).await;
    }

    /// Does `work` while the process is not frozen.
    pub(crate) async fn awake<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if self.is_frozen() {
                self.waiting.lock().push(context.waker().clone());
                return Poll::Pending;
            }
            work.as_mut().poll(context)
        })
        .await
    }

    /// Lets a little time pass, as a network does. A process that was frozen takes no time: its own
    /// clocks stood still, so no time-out of its own stops it from going on.
    pub(crate) async fn pass(&self, most: Duration) {
        let frost = self.state.lock().frost;
        if frost == Frost::Never {
            self.sim.pass(self.binary(), most).await;
        }
    }

    /// From now on the function may do nothing, for as long as `random` says.
    pub(crate) fn deny(&self, random: &mut fastrand::Rng) {
        let lasts = Duration::from_secs(random.u64(DENIED_SECONDS));
        self.sim.begin(Incident::Denied(self.binary().to_owned()), lasts);
    }

    /// Whether the function may do nothing.
    pub(crate) fn is_denied(&self) -> bool {
        self.sim.is_in(&Incident::Denied(self.binary().to_owned()))
    }

    /// What this process takes for the time.
    pub(crate) fn clock(&self) -> Clock {
        let (sim, skew) = (Arc::clone(&self.sim), self.sim.skew(self.binary()));
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
