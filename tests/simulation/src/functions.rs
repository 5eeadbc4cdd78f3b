//! The functions, wired as their `main.rs` wires them: what the environment says comes from the
//! template, and time, tokens and clients from the world.

use std::{collections::BTreeMap, pin::Pin, rc::Rc, sync::Arc, time::Duration};

use analytics::handler::Analytics;
use catalogue::{DECODER, Event, LIVE, ON_BUS};
use event_store::EventStore;
use futures_util::future::LocalBoxFuture;
use http_api::TokenScope;
use idempotency::{DynamoDbStore, IdempotencyConfig};
use inventory::handler::Inventory;
use lambda::batch::QueueBatch;
use lambda::{Consumer, DeadLetterQueue, Invocation, ReplayPolicy, answer};
use lambda_runtime::{Context, LambdaEvent};
use notification::{contacts::Contacts, handler::Notifications, mail::Mailer};
use order::{
    api::OrderApi,
    deadlines::Deadlines,
    handler,
    limit::{Limits, OrderLimit},
    lookup::Lookup,
    sweeper::Sweeper,
    tasks,
};
use outbox::{DeadLetters, Publisher, Relay};
use payment::webhooks::{Keyring, PaymentMessage, Queue, SigningSecrets, Webhooks};
use projector::handler::Projector;
use runtime::{Clock, IdGenerator, with_deadline};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use state_machine::{EXHAUSTED_AFTER, Runner, RunnerConfig};
use tower::ServiceExt;

use crate::{
    external::{ExternalServices, Provider, WEBHOOK_SECRET},
    process::Process,
    services::Services,
    wire::FaultyConnector,
};

/// A function in a process: takes the event and the deadline in milliseconds since 1970, and gives
/// the answer or the error.
pub(crate) type Function = Rc<dyn Fn(Value, u64) -> LocalBoxFuture<'static, Answer>>;
/// What a function answers.
pub(crate) type Answer = Result<Value, String>;

/// What a process finds when it starts.
pub(crate) struct FunctionContext {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) process: Arc<Process>,
    pub(crate) services: Services,
    pub(crate) external: Arc<ExternalServices>,
}

impl FunctionContext {
    fn variable(&self, name: &str) -> String {
        let value = self.environment.get(name).cloned();
        value.unwrap_or_else(|| panic!("the template sets no {name}"))
    }

    fn seconds(&self, name: &str) -> u64 {
        self.variable(name).parse().unwrap()
    }

    fn wire(&self) -> FaultyConnector {
        FaultyConnector { process: Arc::clone(&self.process), services: self.services.clone() }
    }

    fn provider(&self) -> Provider {
        Provider { external: Arc::clone(&self.external), process: Arc::clone(&self.process) }
    }

    fn parking(&self) -> DeadLetterQueue {
        let urls = (self.variable("QUEUE_URL"), self.variable("DEAD_LETTER_QUEUE_URL"));
        DeadLetterQueue::new(self.wire().sqs(), urls.0, urls.1)
    }

    fn orders(&self) -> EventStore {
        EventStore::new(self.wire().dynamodb(), self.variable("ORDER_EVENTS_TABLE"), "ORDER")
    }

    fn guard(
        &self,
        consumer: &'static str,
        clock: &Clock,
        tokens: IdGenerator,
    ) -> IdempotencyConfig<DynamoDbStore> {
        let records =
            DynamoDbStore::new(self.wire().dynamodb(), self.variable("IDEMPOTENCY_TABLE"));
        let days = self.seconds("IDEMPOTENCY_RETENTION_DAYS");
        IdempotencyConfig::new(records, consumer, ReplayPolicy::Refuse)
            .retention(Duration::from_hours(24 * days))
            .with(clock.clone(), tokens)
    }

    /// The function that is compiled to `binary`.
    pub(crate) fn start(&self, binary: &str) -> Function {
        match binary {
            "order-api" => self.order_api(),
            "order-events" => self.order_events(),
            "order-sweeper" => self.order_sweeper(),
            "inventory" => self.inventory(),
            "payment" => self.payment(),
            "payment-webhooks" => self.payment_webhooks(),
            "shipping" => self.shipping(),
            "notification" => self.notification(),
            "projector" => self.projector(),
            "analytics" => self.analytics(),
            "relay" => self.relay(),
            other => panic!("{other} is not simulated"),
        }
    }

    fn order_api(&self) -> Function {
        let [products, addresses] =
            ["PRODUCTS_TABLE", "DELIVERY_ADDRESSES_TABLE"].map(|name| self.variable(name));
        let lookup = Lookup::new(self.wire().dynamodb(), products, addresses);
        let pay_within = self.seconds("PAY_WITHIN_SECONDS");
        let scope = TokenScope::parse(self.variable("WRITE_SCOPE")).unwrap();
        let clock = self.process.clock();
        let limits = Limits {
            open: self.variable("OPEN_ORDERS_PER_CUSTOMER").parse().unwrap(),
            per_minute: self.variable("ORDERS_PER_MINUTE").parse().unwrap(),
        };
        let views = self.variable("ORDER_VIEWS_TABLE");
        let limit = OrderLimit::new(self.wire().dynamodb(), views, limits);
        let api = OrderApi::new(self.orders(), lookup, pay_within, scope, clock).limited(limit);
        let api = Rc::new(api);
        function(move |event, _| {
            let api = Rc::clone(&api);
            async move { write(&api.handle(read(event)?).await) }
        })
    }

    fn order_events(&self) -> Function {
        let (store, clock) = (Arc::new(self.orders()), self.process.clock());
        let (own, time) = (Arc::clone(&store), clock.clone());
        let handler = tower::service_fn(move |delivery| {
            let (store, clock) = (Arc::clone(&own), time.clone());
            async move { handler::handle(&store, &clock, delivery).await }
        });
        let consumer =
            Consumer::new("order-events", LIVE, ReplayPolicy::Refuse, self.parking(), handler);
        let consumer = Rc::new(consumer);
        function(move |event, deadline| {
            let (consumer, store) = (Rc::clone(&consumer), Arc::clone(&store));
            let clock = clock.clone();
            async move {
                let consume = async |batch| consumer.consume::<Event>(batch).await;
                let work = async |task| Box::pin(tasks::work(&store, &clock, task)).await;
                let payload: Invocation = read(event)?;
                let answered = answer(payload, &DECODER, consume, work);
                write(&with_deadline(clock.until(deadline), answered).await.map_err(text)?)
            }
        })
    }

    fn order_sweeper(&self) -> Function {
        let deadlines = Deadlines {
            pay_within: self.seconds("PAY_WITHIN_SECONDS"),
            ship_within: self.seconds("SHIP_WITHIN_SECONDS"),
        };
        let clock = self.process.clock();
        let sweeper = Rc::new(Sweeper::new(self.orders(), deadlines, clock.clone()));
        function(move |_, deadline| {
            let (sweeper, clock) = (Rc::clone(&sweeper), clock.clone());
            async move { write(&with_deadline(clock.until(deadline), sweeper.sweep()).await) }
        })
    }

    fn inventory(&self) -> Function {
        let (clock, tokens) = (self.process.clock(), self.process.tokens());
        let guard = self.guard("inventory", &clock, tokens);
        let stock = self.variable("INVENTORY_TABLE");
        let reservations = self.variable("RESERVATIONS_TABLE");
        let inventory = Inventory::new(self.wire().dynamodb(), stock, reservations, clock.clone());
        let tasks = inventory.clone().into_tasks(guard.clone());
        let handler = inventory.into_service(guard);
        let consumer =
            Consumer::new("inventory", LIVE, ReplayPolicy::Refuse, self.parking(), handler);
        let consumer = Rc::new(consumer);
        function(move |event, deadline| {
            let (consumer, tasks) = (Rc::clone(&consumer), tasks.clone());
            let left = clock.until(deadline);
            async move {
                let consume = async |batch| consumer.consume::<Event>(batch).await;
                let work = async |task| tasks.clone().oneshot(task).await;
                let answered = answer(read(event)?, &DECODER, consume, work);
                write(&with_deadline(left, answered).await.map_err(text)?)
            }
        })
    }

    fn payment(&self) -> Function {
        let (clock, tokens) = (self.process.clock(), self.process.tokens());
        let settings = payment::handler::runner_config(self.variable("PAYMENTS_TABLE"));
        let runner = Runner::new(self.wire().dynamodb(), settings, clock.clone(), tokens)
            .exhausted_after(self.review_after());
        let table = self.variable("PAYMENT_CUSTOMERS_TABLE");
        let customers = payment::customers::Customers::new(self.wire().dynamodb(), table);
        let handler = payment::handler::Handler::new(runner, self.provider(), customers);
        let handler = Arc::new(handler);
        let service = Arc::clone(&handler).into_service::<PaymentMessage>();
        let consumer =
            Consumer::new("payment", LIVE, ReplayPolicy::Refuse, self.parking(), service);
        let consumer = Rc::new(consumer);
        function(move |event, deadline| {
            let (consumer, handler) = (Rc::clone(&consumer), Arc::clone(&handler));
            let left = clock.until(deadline);
            async move {
                let consume =
                    async |batch| Box::pin(consumer.consume::<PaymentMessage>(batch)).await;
                let work = async |task| Box::pin(handler.work(task)).await;
                let answered = answer(read(event)?, &DECODER, consume, work);
                write(&with_deadline(left, answered).await.map_err(text)?)
            }
        })
    }

    fn payment_webhooks(&self) -> Function {
        let (clock, tokens) = (self.process.clock(), self.process.tokens());
        let secrets = || SigningSecrets::parse(WEBHOOK_SECRET.to_owned()).unwrap();
        let read =
            move || -> Pin<Box<dyn Future<Output = Result<SigningSecrets, String>> + Send>> {
                Box::pin(async move { Ok(secrets()) })
            };
        let keyring = Keyring::new(secrets(), read, clock.clone());
        let settings = payment::handler::runner_config(self.variable("PAYMENTS_TABLE"));
        let runner = Runner::new(self.wire().dynamodb(), settings, clock.clone(), tokens);
        let queue = Queue::new(self.wire().sqs(), self.variable("PAYMENT_QUEUE_URL"));
        let webhooks = Rc::new(Webhooks::new(keyring, runner, queue, clock.clone()));
        function(move |event, deadline| {
            let (webhooks, left) = (Rc::clone(&webhooks), clock.until(deadline));
            async move { write(&with_deadline(left, webhooks.handle(self::read(event)?)).await) }
        })
    }

    fn shipping(&self) -> Function {
        let (clock, tokens) = (self.process.clock(), self.process.tokens());
        let settings = shipping::handler::runner_config(self.variable("SHIPMENTS_TABLE"));
        let runner = Runner::new(self.wire().dynamodb(), settings, clock.clone(), tokens)
            .exhausted_after(self.review_after());
        let handler = Arc::new(shipping::handler::Handler::new(runner, self.provider()));
        let service = Arc::clone(&handler).into_service();
        let consumer =
            Consumer::new("shipping", LIVE, ReplayPolicy::Refuse, self.parking(), service);
        let consumer = Rc::new(consumer);
        function(move |event, deadline| {
            let (consumer, handler) = (Rc::clone(&consumer), Arc::clone(&handler));
            let left = clock.until(deadline);
            async move {
                let consume = async |batch| Box::pin(consumer.consume::<Event>(batch)).await;
                let work = async |task| Box::pin(handler.work(task)).await;
                let answered = answer(read(event)?, &DECODER, consume, work);
                write(&with_deadline(left, answered).await.map_err(text)?)
            }
        })
    }

    fn review_after(&self) -> std::num::NonZeroU32 {
        let given = self.environment.get("REVIEW_AFTER_ATTEMPTS");
        given.map_or(EXHAUSTED_AFTER, |text| text.parse().unwrap())
    }

    fn notification(&self) -> Function {
        let (clock, tokens) = (self.process.clock(), self.process.tokens());
        let settings = RunnerConfig {
            table: self.variable("NOTIFICATIONS_TABLE"),
            key: "orderId",
            // As its config.rs has it.
            lease: Duration::from_secs(15),
        };
        let runner = Runner::new(self.wire().dynamodb(), settings, clock.clone(), tokens);
        let contacts = Contacts::new(self.wire().dynamodb(), self.variable("CONTACTS_TABLE"));
        let mailer = Mailer::new(&self.wire().sesv2(), self.variable("SENDER_EMAIL"));
        let handler = Notifications::new(runner, contacts, mailer).into_service();
        let consumer =
            Consumer::new("notification", LIVE, ReplayPolicy::Refuse, self.parking(), handler);
        let consumer = Rc::new(consumer);
        function(move |event, deadline| {
            let consumer = Rc::clone(&consumer);
            let left = clock.until(deadline);
            async move {
                write(
                    &with_deadline(left, consumer.consume::<Event>(read::<QueueBatch>(event)?))
                        .await,
                )
            }
        })
    }

    fn projector(&self) -> Function {
        let views = self.variable("ORDER_VIEWS_TABLE");
        let handler = Projector::new(self.wire().dynamodb(), views, self.orders()).into_service();
        let consumer =
            Consumer::new("projector", ON_BUS, ReplayPolicy::Accept, self.parking(), handler);
        let consumer = Rc::new(consumer);
        function(move |event, _| {
            let consumer = Rc::clone(&consumer);
            async move { write(&consumer.consume::<Event>(read::<QueueBatch>(event)?).await) }
        })
    }

    fn analytics(&self) -> Function {
        let (clock, tokens) = (self.process.clock(), self.process.tokens());
        let guard = self.guard("analytics", &clock, tokens);
        let handler = Analytics::new(self.variable("ORDER_FIGURES_TABLE")).into_service(guard);
        let consumer =
            Consumer::new("analytics", LIVE, ReplayPolicy::Refuse, self.parking(), handler);
        let consumer = Rc::new(consumer);
        function(move |event, deadline| {
            let consumer = Rc::clone(&consumer);
            let left = clock.until(deadline);
            async move {
                write(
                    &with_deadline(left, consumer.consume::<Event>(read::<QueueBatch>(event)?))
                        .await,
                )
            }
        })
    }

    fn relay(&self) -> Function {
        let bus = self.variable("EVENT_BUS_NAME");
        let publisher = Publisher::new(self.wire().eventbridge(), bus);
        let dead_letters =
            DeadLetters::new(self.wire().sqs(), self.variable("DEAD_LETTER_QUEUE_URL"));
        let sources = self.variable("PUBLISHES").parse().unwrap();
        let relay = Rc::new(Relay::new(publisher, sources, dead_letters));
        function(move |event, _| {
            let relay = Rc::clone(&relay);
            async move {
                let batch = LambdaEvent::new(read(event)?, Context::default());
                write(&relay::handler::handle(batch, &relay).await.map_err(text)?)
            }
        })
    }
}

fn function<F>(handle: impl Fn(Value, u64) -> F + 'static) -> Function
where
    F: Future<Output = Answer> + 'static,
{
    Rc::new(move |event, deadline| Box::pin(handle(event, deadline)))
}

fn read<T: DeserializeOwned>(event: Value) -> Result<T, String> {
    serde_json::from_value(event).map_err(text)
}

fn write(answer: &impl Serialize) -> Answer {
    serde_json::to_value(answer).map_err(text)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn text(error: impl ToString) -> String {
    error.to_string()
}
