//! The way to a provider, on which calls are counted, and meet faults.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use local_dynamodb::FaultPlan;

/// Something that happens to one call to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderFault {
    /// The process dies before the call arrives.
    CrashBefore,
    /// The process dies when the provider has done what was asked.
    CrashAfter,
    /// The provider does what was asked, and its answer is lost.
    LoseAnswer,
    /// The provider is unavailable, and does nothing.
    Unavailable,
    /// The provider refuses the call as one too many, and does nothing.
    Throttle,
}

impl ProviderFault {
    /// Every kind, for sweeps.
    pub const ALL: [Self; 5] =
        [Self::CrashBefore, Self::CrashAfter, Self::LoseAnswer, Self::Unavailable, Self::Throttle];

    /// Whether the provider does what was asked for.
    const fn performs(self) -> bool {
        matches!(self, Self::CrashAfter | Self::LoseAnswer)
    }
}

/// A fault at a call to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderCase {
    /// What happens to the call.
    pub fault: ProviderFault,
    /// Which call it is, counted from 0.
    pub call: usize,
}

impl fmt::Display for ProviderCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at call {} to the provider", self.fault, self.call)
    }
}

/// What every call to a provider passes. Clones are the same gate.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Passage>);

#[derive(Debug, Default)]
struct Passage {
    calls: AtomicUsize,
    is_closed: AtomicBool,
    case: Mutex<Option<ProviderCase>>,
    /// The process that makes the next call.
    process: Mutex<Option<FaultPlan>>,
}

impl Gate {
    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// Has a call meet a fault. Only one does.
    pub fn meet(&self, case: ProviderCase) {
        *self.0.case.lock().unwrap() = Some(case);
    }

    /// Sets whether the provider is unavailable to every caller.
    pub fn close(&self, is_closed: bool) {
        self.0.is_closed.store(is_closed, Ordering::SeqCst);
    }

    /// Sets which process makes the next calls: the one whose calls to the database meet `plan`.
    pub fn used_by(&self, plan: &FaultPlan) {
        *self.0.process.lock().unwrap() = Some(plan.clone());
    }

    /// The provider behind this gate.
    pub fn before(&self, provider: Router) -> Router {
        provider.layer(from_fn_with_state(self.clone(), pass))
    }

    /// The fault that the next call meets.
    fn next(&self) -> Option<ProviderFault> {
        let call = self.0.calls.fetch_add(1, Ordering::SeqCst);
        let case = *self.0.case.lock().unwrap();
        case.filter(|case| case.call == call).map(|case| case.fault)
    }

    fn process(&self) -> FaultPlan {
        self.0.process.lock().unwrap().clone().unwrap_or_else(FaultPlan::none)
    }
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let process = gate.process();
    // What a dead process asks for does not arrive.
    if process.is_dead() || gate.0.is_closed.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(fault) = gate.next() else { return next.run(request).await };
    if fault.performs() {
        next.run(request).await;
    }
    match fault {
        ProviderFault::CrashBefore | ProviderFault::CrashAfter => {
            process.kill();
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        ProviderFault::LoseAnswer => StatusCode::GATEWAY_TIMEOUT.into_response(),
        ProviderFault::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        ProviderFault::Throttle => StatusCode::TOO_MANY_REQUESTS.into_response(),
    }
}
