//! The payment provider and the carrier: the stand-ins of the local stack.
//!
//! The clients of the functions speak HTTP over sockets, which know no virtual time. So a call is
//! carried out on a thread of its own, from its first request to its last answer, while the world
//! stands still: a call takes no virtual time but that which its faults take, and the order of
//! things does not depend on the machine. Each call has connections of its own, and no breaker
//! remembers it.

use std::{future::Future, sync::Arc};

use axum::middleware;
use http_client::{ApiKey, HttpClient, Url, parse_url};
use local_ses::Mail;
use parking_lot::Mutex;
use provider_stubs::{Carrier as CarrierStub, Payments};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{mutate, sim::Sim};

/// Idempotency keys are kept for a day.
const KEY_TIME_TO_LIVE: time::Duration = time::Duration::hours(24);
/// What the payment provider signs its webhooks with.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_simulated_secret";

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
                move |request, next| mutate::provide(Arc::clone(&sim), request, next)
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

    pub(crate) fn port(&self, path: &str, key: &str) -> HttpClient {
        let url: Url = parse_url(&format!("{}/{path}", self.base)).unwrap();
        HttpClient::new(url, ApiKey::parse(key).unwrap()).unwrap()
    }

    /// Carries `work` out while the world stands still.
    pub(crate) fn carry_out<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        self.sim.show();
        on_another_thread(&self.runtime.lock(), work)
    }
}

/// A runtime cannot be entered from within another one.
fn on_another_thread<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join().unwrap())
}
