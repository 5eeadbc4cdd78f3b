//! The payment provider and the carrier: the stand-ins of the local stack behind the clients that
//! the functions really use.
//!
//! Those clients speak HTTP over sockets, which know no virtual time. So a call is carried out on a
//! thread of its own, from its first request to its last answer, while the world stands still:
//! a call takes no virtual time but that which its faults take, and the order of things does not
//! depend on the machine. Each call has connections of its own, and no breaker remembers it.

use std::{future::Future, sync::Arc, time::Duration};

use axum::middleware;
use event_envelope::AggregateId;
use http_client::{ApiKey, HttpClient, Url, parse_url};
use local_ses::Mail;
use parking_lot::Mutex;
use payment::{
    domain::{Capture, Charge, Input as PaymentInput},
    gateway::{Again, PaymentGateway, ProviderId, SoFar, Stripe},
};
use provider_stubs::{Carrier as CarrierStub, Outcome, Payments};
use runtime::Failure;
use shipping::{
    carrier::{Carrier, HttpCarrier},
    domain::{Destination, Input as ShippingInput},
};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    fault::{Fault, Site},
    mutation,
    process::Process,
    sim::Sim,
};

/// Idempotency keys are kept for a day.
const KEY_TIME_TO_LIVE: time::Duration = time::Duration::hours(24);
/// What the payment provider signs its webhooks with.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_simulated_secret";
/// How long a client of a provider waits for an answer.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// The longest that a request is late whose caller has given it up, in seconds.
const LATE_SECONDS_MAX: u64 = 120;
/// The longest that a call takes where no fault is injected.
const LATENCY_MAX: Duration = Duration::from_millis(120);

/// The world outside AWS.
pub(crate) struct ExternalServices {
    pub(crate) payments: Payments,
    pub(crate) carrier: CarrierStub,
    pub(crate) mail: Mail,
    base: String,
    runtime: Mutex<Runtime>,
    sim: Arc<Sim>,
}

impl ExternalServices {
    pub(crate) fn open(sim: &Arc<Sim>) -> Arc<Self> {
        sim.show();
        let payments = Payments::new(sim.shown_clock(), KEY_TIME_TO_LIVE).with_saved_cards();
        let carrier = CarrierStub::new(sim.shown_clock());
        let mail = Mail::new(sim.clock(), None);
        let router = axum::Router::new()
            .nest("/payments", payments.router())
            .nest("/carrier", carrier.router())
            .layer(middleware::from_fn({
                let sim = Arc::clone(sim);
                move |request, next| mutation::provide(Arc::clone(&sim), request, next)
            }));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let base = on_another_thread(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let base = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, router).await });
            base
        });
        let (runtime, sim) = (Mutex::new(runtime), Arc::clone(sim));
        Arc::new(Self { payments, carrier, mail, base, runtime, sim })
    }

    fn port(&self, path: &str, key: &str) -> HttpClient {
        let url: Url = parse_url(&format!("{}/{path}", self.base)).unwrap();
        HttpClient::new(url, ApiKey::parse(key).unwrap()).unwrap()
    }

    /// Carries `work` out while the world stands still.
    fn carry_out<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        self.sim.show();
        on_another_thread(&self.runtime.lock(), work)
    }
}

/// A runtime cannot be entered from within another one.
fn on_another_thread<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join().unwrap())
}

/// A provider as one process sees it.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) external: Arc<ExternalServices>,
    pub(crate) process: Arc<Process>,
}

impl Provider {
    fn stripe(&self) -> Stripe {
        Stripe::new(self.external.port("payments", "sk_test_simulated"))
    }

    fn parcels(&self) -> HttpCarrier {
        HttpCarrier::new(self.external.port("carrier", "carrier_simulated"))
    }

    /// Makes a call that meets the faults of this process.
    async fn call<T, F>(
        &self,
        what: &str,
        work: impl Fn(Self) -> F + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let (sim, external) = (&self.process.sim, &self.external);
        let what = format!("{} {what}", self.process.name);
        let met = sim.fault_point(Site::Provider, &what);
        sim.note(&what);
        sim.pass(LATENCY_MAX).await;
        let Some((fault, mut random)) = met else {
            let answer = external.carry_out(work(self.clone()));
            sim.note(&format!("{what} -> {}", if answer.is_ok() { "ok" } else { "failed" }));
            sim.pass(LATENCY_MAX).await;
            return answer;
        };
        match fault {
            Fault::CrashBefore => self.process.die().await,
            Fault::CrashAfter => {
                let _ = external.carry_out(work(self.clone()));
                self.process.die().await
            }
            Fault::LoseAnswer => {
                let _ = external.carry_out(work(self.clone()));
                tokio::time::sleep(WAIT_MAX).await;
                Err(Failure::retry("no answer came"))
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
                tokio::time::sleep(WAIT_MAX).await;
                Err(Failure::retry("no answer came"))
            }
            Fault::Hang => std::future::pending().await,
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
            | Fault::Twice => Err(Failure::retry("the connection broke")),
        }
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
        self.call("enroll", move |provider| {
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
        self.call("charge", move |provider| {
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
        self.call("revoke", move |provider| {
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
        self.call("refund", move |provider| {
            let (order, capture) = given.clone();
            async move { provider.stripe().refund(&order, &capture, again).await }
        })
        .await
    }

    async fn refunded(&self, capture: &Capture) -> Result<SoFar, Failure> {
        let given = capture.clone();
        self.call("look", move |provider| {
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
        self.call("ship", move |provider| {
            let (order, to) = given.clone();
            async move { provider.parcels().ship(&order, &to, resumed).await }
        })
        .await
    }

    async fn void(&self, shipment_id: &str) -> Result<ShippingInput, Failure> {
        let shipment = shipment_id.to_owned();
        self.call("void", move |provider| {
            let shipment = shipment.clone();
            async move { provider.parcels().void(&shipment).await }
        })
        .await
    }
}
