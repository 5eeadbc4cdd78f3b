//! The payment provider and the carrier as a process calls them: the clients that the functions
//! really use, and what goes wrong on the way.

use std::{future::Future, sync::Arc, time::Duration};

use event_envelope::AggregateId;
use payment::{
    domain::{Capture, Charge, Input as PaymentInput},
    gateway::{Again, PaymentGateway, ProviderId, SoFar, Stripe},
};
use provider_stubs::Outcome;
use runtime::{Breaker, Failure};
use shipping::{
    carrier::{Carrier, HttpCarrier},
    domain::{Destination, Input as ShippingInput},
};

use crate::{
    external::ExternalServices,
    fault::{Fault, Site},
    incident::{Incident, Outside},
    limits::Quotas,
    process::Process,
};

/// How long a client of a provider waits for an answer.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// When a client of a provider stops calling it, and for how long.
const FAILURES_MAX: u32 = 5;
const REST: Duration = Duration::from_secs(5);
/// The longest that a request is late whose caller has given it up, in seconds.
const LATE_SECONDS_MAX: u64 = 120;
/// The longest that a call takes where no fault is injected.
const LATENCY_MAX: Duration = Duration::from_millis(120);

/// For how long a provider is unavailable, in seconds: minutes, hours, more than a day.
const OUTAGE_SECONDS: [u64; 5] = [60, 600, 3_600, 6 * 3_600, 26 * 3_600];
/// How long a provider is unavailable before it has forgotten its keys. By then whatever was on its
/// way has arrived, also from a process that was frozen: a provider forgets after a day at the
/// soonest, and nothing is on its way for a day.
const FORGETTING: Duration = Duration::from_mins(40);

/// A provider as one process sees it.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) external: Arc<ExternalServices>,
    pub(crate) process: Arc<Process>,
    /// As the client of a provider has it, which lives as long as the process; where there are limits.
    breaker: Breaker,
}

/// The caller waits for an answer, in vain.
async fn no_answer<T>() -> Result<T, Failure> {
    tokio::time::sleep(WAIT_MAX).await;
    Err(Failure::retry("no answer came"))
}

fn unavailable<T>() -> Result<T, Failure> {
    Err(Failure::retry("the provider is unavailable"))
}

impl Provider {
    pub(crate) fn new(external: &Arc<ExternalServices>, process: &Arc<Process>) -> Self {
        let breaker = Breaker::new(FAILURES_MAX, REST);
        Self { external: Arc::clone(external), process: Arc::clone(process), breaker }
    }

    /// Makes a call where there are limits.
    async fn call_limited<T, F>(
        &self,
        quotas: &Quotas,
        outside: Outside,
        what: &str,
        work: impl Fn(Self) -> F + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        if let Err(open) = self.breaker.admit() {
            quotas.count(format!("circuit {outside:?}"));
            return Err(Failure::retry_after(open, open.left));
        }
        let sim = &self.process.sim;
        let what = format!("{} {what}", self.process.name);
        sim.fault_point(Site::Provider, &what);
        sim.note(&what);
        self.process.pass(LATENCY_MAX).await;
        if !quotas.takes_call(&format!("{outside:?}"), sim.millisecond()) {
            quotas.count(format!("call {outside:?}"));
            self.breaker.succeeded();
            return self.refused(Outcome::Throttle(1), work(self.clone()));
        }
        let takes = sim.slowness().filter(|_| outside == Outside::Payments).unwrap_or_default();
        if takes <= WAIT_MAX {
            tokio::time::sleep(takes).await;
            let answer = self.external.carry_out(work(self.clone()));
            self.process.pass(LATENCY_MAX).await;
            self.breaker.succeeded();
            return answer;
        }
        let (provider, under_way) = (self.clone(), sim.under_way());
        tokio::spawn(async move {
            tokio::time::sleep(takes).await;
            let _ = provider.external.carry_out(work(provider.clone()));
            drop(under_way);
        });
        tokio::time::sleep(WAIT_MAX).await;
        self.breaker.failed();
        quotas.count(format!("late answer {outside:?}"));
        Err(Failure::retry("no answer came"))
    }

    fn stripe(&self) -> Stripe {
        Stripe::new(self.external.port("payments", "sk_test_simulated"))
    }

    fn parcels(&self) -> HttpCarrier {
        HttpCarrier::new(self.external.port("carrier", "carrier_simulated"))
    }

    /// Makes a call that meets the faults of this process.
    async fn call<T, F>(
        &self,
        outside: Outside,
        what: &str,
        work: impl Fn(Self) -> F + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let sim = &self.process.sim;
        if let Some(quotas) = sim.quotas() {
            return self.call_limited(quotas, outside, what, work).await;
        }
        let what = format!("{} {what}", self.process.name);
        let met = sim.fault_point(Site::Provider, &what);
        sim.note(&what);
        self.process.pass(LATENCY_MAX).await;
        if let Some((fault, random)) = met {
            return self.fail(fault, random, outside, work).await;
        }
        if sim.is_in(&Incident::Unavailable(outside)) {
            return unavailable();
        }
        let answer = self.external.carry_out(work(self.clone()));
        sim.note(&format!("{what} -> {}", if answer.is_ok() { "ok" } else { "failed" }));
        self.process.pass(LATENCY_MAX).await;
        answer
    }

    /// Makes a call that `fault` strikes.
    async fn fail<T, F>(
        &self,
        fault: Fault,
        mut random: fastrand::Rng,
        outside: Outside,
        work: impl Fn(Self) -> F + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let (sim, external) = (&self.process.sim, &self.external);
        match fault {
            Fault::CrashBefore => self.process.die().await,
            Fault::CrashAfter => {
                let _ = external.carry_out(work(self.clone()));
                self.process.die().await
            }
            Fault::LoseAnswer => {
                let _ = external.carry_out(work(self.clone()));
                no_answer().await
            }
            Fault::ErrorBefore => self.refused(Outcome::Down(1), work(self.clone())),
            Fault::Throttle => self.refused(Outcome::Throttle(1), work(self.clone())),
            Fault::Late => {
                let late = Duration::from_secs(random.u64(0..LATE_SECONDS_MAX));
                let (provider, under_way) = (self.clone(), sim.under_way());
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    let _ = provider.external.carry_out(work(provider.clone()));
                    drop(under_way);
                });
                no_answer().await
            }
            Fault::Hang => std::future::pending().await,
            Fault::FreezeBefore => {
                self.process.freeze(&mut random).await;
                external.carry_out(work(self.clone()))
            }
            Fault::FreezeAfter => {
                let answer = external.carry_out(work(self.clone()));
                self.process.freeze(&mut random).await;
                answer
            }
            // The carrier keeps no errors, and the key of a label as long as the label.
            Fault::KeepError | Fault::KeepErrorAfter | Fault::ForgetKeys
                if outside != Outside::Payments =>
            {
                self.refused(Outcome::Down(1), work(self.clone()))
            }
            Fault::KeepError => self.refused(Outcome::Broken, work(self.clone())),
            Fault::KeepErrorAfter => self.refused(Outcome::Halfdone, work(self.clone())),
            Fault::Outage => {
                self.begin_outage(outside, &mut random);
                unavailable()
            }
            Fault::ForgetKeys => {
                let _ = external.carry_out(work(self.clone()));
                sim.begin(Incident::Unavailable(outside), FORGETTING);
                self.forget_keys();
                no_answer().await
            }
            Fault::LoseRequest
            | Fault::ErrorAfter
            | Fault::Conflict
            | Fault::Partial
            | Fault::Duplicate
            | Fault::Delay
            | Fault::Refuse
            | Fault::Expire
            | Fault::Poison
            | Fault::Mangle
            | Fault::Kill
            | Fault::Twice
            | Fault::Stale
            | Fault::Deny
            | Fault::Repeat
            | Fault::Malformed
            | Fault::Gap => Err(Failure::retry("the connection broke")),
        }
    }

    fn begin_outage(&self, outside: Outside, random: &mut fastrand::Rng) {
        let lasts = Duration::from_secs(OUTAGE_SECONDS[random.usize(..OUTAGE_SECONDS.len())]);
        self.process.sim.begin(Incident::Unavailable(outside), lasts);
    }

    /// Has the payment provider forget its keys, once nothing is on its way any more.
    fn forget_keys(&self) {
        let (external, under_way) = (Arc::clone(&self.external), self.process.sim.under_way());
        tokio::spawn(async move {
            tokio::time::sleep(FORGETTING).await;
            external.payments.forget_keys();
            drop(under_way);
        });
    }

    /// The next request that changes something ends in `outcome`.
    fn refused<T: Send>(
        &self,
        outcome: Outcome,
        work: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        self.external.payments.script("*", outcome);
        self.external.carrier.script("*", outcome);
        let answer = self.external.carry_out(work);
        // What met no such request leaves nothing behind for the next.
        self.external.payments.script("*", Outcome::Down(0));
        self.external.carrier.script("*", Outcome::Down(0));
        answer
    }
}

impl PaymentGateway for Provider {
    async fn enroll(&self, customer: &AggregateId) -> Result<ProviderId, Failure> {
        let given = customer.clone();
        self.call(Outside::Payments, "enroll", move |provider| {
            let customer = given.clone();
            async move { provider.stripe().enroll(&customer).await }
        })
        .await
    }

    async fn charge(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: &ProviderId,
        resumed: bool,
    ) -> Result<PaymentInput, Failure> {
        let given = (order.clone(), charge.clone(), customer.clone());
        self.call(Outside::Payments, "charge", move |provider| {
            let (order, charge, customer) = given.clone();
            async move { provider.stripe().charge(&order, &charge, &customer, resumed).await }
        })
        .await
    }

    async fn revoke(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: Option<&ProviderId>,
    ) -> Result<PaymentInput, Failure> {
        let given = (order.clone(), charge.clone(), customer.cloned());
        self.call(Outside::Payments, "revoke", move |provider| {
            let (order, charge, customer) = given.clone();
            async move { provider.stripe().revoke(&order, &charge, customer.as_ref()).await }
        })
        .await
    }

    async fn refund(
        &self,
        order: &AggregateId,
        capture: &Capture,
        again: Again,
    ) -> Result<PaymentInput, Failure> {
        let given = (order.clone(), capture.clone());
        self.call(Outside::Payments, "refund", move |provider| {
            let (order, capture) = given.clone();
            async move { provider.stripe().refund(&order, &capture, again).await }
        })
        .await
    }

    async fn refunded(&self, capture: &Capture) -> Result<SoFar, Failure> {
        let given = capture.clone();
        self.call(Outside::Payments, "look", move |provider| {
            let capture = given.clone();
            async move { provider.stripe().refunded(&capture).await }
        })
        .await
    }
}

impl Carrier for Provider {
    async fn ship(
        &self,
        order: &AggregateId,
        to: &Destination,
        resumed: bool,
    ) -> Result<ShippingInput, Failure> {
        let given = (order.clone(), to.clone());
        self.call(Outside::Carrier, "ship", move |provider| {
            let (order, to) = given.clone();
            async move { provider.parcels().ship(&order, &to, resumed).await }
        })
        .await
    }

    async fn void(&self, shipment_id: &str) -> Result<ShippingInput, Failure> {
        let shipment = shipment_id.to_owned();
        self.call(Outside::Carrier, "void", move |provider| {
            let shipment = shipment.clone();
            async move { provider.parcels().void(&shipment).await }
        })
        .await
    }
}
