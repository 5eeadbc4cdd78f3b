//! What can go wrong between a function and its database.

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// Something that happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call is sent; no later call of it succeeds.
    CrashBefore,
    /// The process dies when the call has taken effect; no later call of it succeeds.
    CrashAfter,
    /// The call takes effect, its answer is lost; the SDK may send it again.
    LoseAnswer,
    /// The call is throttled.
    Throttle,
    /// The call conflicts with another transaction (transactions and single writes alike).
    Conflict,
}

impl Fault {
    /// Every kind, for sweeps.
    pub const ALL: [Self; 5] =
        [Self::CrashBefore, Self::CrashAfter, Self::LoseAnswer, Self::Throttle, Self::Conflict];
}

/// The calls at which a fault strikes. Clones count together.
#[derive(Debug, Clone)]
pub struct FaultPlan {
    strike: Option<(RangeInclusive<usize>, Fault)>,
    calls: Arc<AtomicUsize>,
    dead: Arc<AtomicBool>,
}

impl FaultPlan {
    /// Nothing goes wrong; the calls are counted.
    pub fn none() -> Self {
        Self { strike: None, calls: Arc::default(), dead: Arc::default() }
    }

    /// `fault` strikes the call with this `index`, counted from 0.
    pub fn at(index: usize, fault: Fault) -> Self {
        Self { strike: Some((index..=index, fault)), ..Self::none() }
    }

    /// `fault` strikes every call.
    pub fn always(fault: Fault) -> Self {
        Self { strike: Some((0..=usize::MAX, fault)), ..Self::none() }
    }

    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The process dies now, somewhere between two calls to the database: no later one succeeds.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// Whether the process has died.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// What happens to the next call. A dead process makes none that arrives.
    pub(crate) fn next(&self) -> Option<Fault> {
        let index = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_dead() {
            return Some(Fault::CrashBefore);
        }
        let struck = self.strike.as_ref().filter(|(at, _)| at.contains(&index));
        let fault = struck.map(|(_, fault)| *fault);
        if matches!(fault, Some(Fault::CrashBefore | Fault::CrashAfter)) {
            self.kill();
        }
        fault
    }
}
