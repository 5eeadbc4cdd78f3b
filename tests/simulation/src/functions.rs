//! The functions, built as in production: what the environment holds comes from the template, and
//! time, ids and clients from the world. Providers stand in for those outside of AWS.

use std::{collections::BTreeMap, pin::Pin, rc::Rc, sync::Arc};

use futures_util::{FutureExt, future::LocalBoxFuture};
use lambda::{Error, Function, Runtime};
use payment::webhooks::{Keyring, SigningSecrets};
use runtime::{Environment, FromEnvironment, Tracer, with_deadline};
use serde_json::{Value, json};

use crate::{
    control,
    external::{ExternalServices, WEBHOOK_SECRET},
    mutation::Mutation,
    process::Process,
    provider::Provider,
    services::Services,
    wire::FaultyConnector,
};

/// A function in a process: takes the event and the deadline in milliseconds since 1970, and gives
/// the answer or the error.
pub(crate) type Started = Rc<dyn Fn(Value, u64) -> LocalBoxFuture<'static, Answer>>;
/// What a function answers; its error is JSON, as Lambda hands it to who invoked the function.
pub(crate) type Answer = Result<Value, String>;

/// What a process finds when it starts.
pub(crate) struct FunctionContext {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) process: Arc<Process>,
    pub(crate) services: Services,
    pub(crate) external: Arc<ExternalServices>,
}

impl FunctionContext {
    /// The function that is compiled to `binary`; none if the simulation does not know it.
    pub(crate) fn start(&self, binary: &str) -> Option<Started> {
        Some(match binary {
            "order-api" => self.build("order-api", order::build::api),
            "order-events" => self.build("order-events", order::build::events),
            "order-sweeper" => self.build("order-sweeper", order::build::sweeper),
            "inventory" => self.build("inventory", inventory::build::inventory),
            "inventory-api" => self.build("inventory-api", inventory::build::api),
            "payment" if self.process.sim.mutation() == Some(Mutation::CheckThenAct) => {
                let bus = &self.services.deployment().template.archives[0].bus;
                self.build("payment", async |config, runtime| {
                    Ok(control::payment(config, runtime, self.provider(), bus))
                })
            }
            "payment" => self.build("payment", async |config, runtime| {
                Ok(payment::build::payment_by(config, runtime, self.provider()))
            }),
            "payment-webhooks" => self.build("payment-webhooks", async |config, runtime| {
                let keyring = keyring(&runtime);
                Ok(payment::build::webhooks_by(config, runtime, keyring))
            }),
            "shipping" => self.build("shipping", async |config, runtime| {
                Ok(shipping::build::shipping_by(config, runtime, self.provider()))
            }),
            "notification" => self.build("notification", notification::build::notification),
            "projector" => self.build("projector", projector::build::projector),
            "analytics" => self.build("analytics", analytics::build::analytics),
            "analytics-api" => self.build("analytics-api", analytics::build::api),
            "relay" => self.build("relay", relay::build::relay),
            "query" => self.build("query", query::build::query),
            "products" => self.build("products", query::build::products),
            "timeline" => self.build("timeline", timeline::build::timeline),
            "timeline-api" => self.build("timeline-api", timeline::build::api),
            "workflow" => self.build("workflow", workflow::build::workflow),
            _ => return None,
        })
    }

    fn provider(&self) -> Provider {
        Provider::new(&self.external, &self.process)
    }

    /// Starts a function as [`lambda::run`] does. Nothing is awaited while it is built.
    fn build<C, F>(
        &self,
        name: &'static str,
        build: impl AsyncFnOnce(C, Runtime) -> Result<F, Error>,
    ) -> Started
    where
        C: FromEnvironment,
        F: Function + 'static,
    {
        let process = Arc::clone(&self.process);
        let connector = FaultyConnector { process, services: self.services.clone() };
        let clock = self.process.clock();
        let runtime = Runtime {
            name,
            aws: connector.aws(),
            clock: clock.clone(),
            ids: self.process.tokens(),
            tracer: Tracer::off(),
        };
        let config = C::read(&Environment::given(self.environment.clone())).unwrap();
        let function = Rc::new(build(config, runtime).now_or_never().unwrap().unwrap());
        Rc::new(move |event, deadline| {
            let (function, left) = (Rc::clone(&function), clock.until(deadline));
            Box::pin(async move {
                let event = serde_json::from_value(event)
                    .map_err(|error| failure("Runtime.UnmarshalError", &error.to_string()))?;
                let handled = with_deadline(left, function.handle(event)).await;
                let response =
                    handled.map_err(|error| failure(&error.error_type, &error.error_message))?;
                serde_json::to_value(response)
                    .map_err(|error| failure("Runtime.MarshalError", &error.to_string()))
            })
        })
    }
}

/// An error of a function as Lambda describes it.
pub(crate) fn failure(error_type: &str, message: &str) -> String {
    json!({ "errorType": error_type, "errorMessage": message }).to_string()
}

/// The keys that the payment provider signs its webhooks with.
fn keyring(runtime: &Runtime) -> Keyring {
    let secrets = || SigningSecrets::parse(WEBHOOK_SECRET.to_owned()).unwrap();
    let read = move || -> Pin<Box<dyn Future<Output = Result<SigningSecrets, String>> + Send>> {
        Box::pin(async move { Ok(secrets()) })
    };
    Keyring::new(secrets(), read, runtime.clock.clone())
}
