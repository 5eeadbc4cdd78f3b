//! The stage of a world: its services, functions and customers, and whether everything has ended.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use invariants::ending_of;
use local_eventbridge::{Disorder, EventBridge, Options};
use local_sqs::Sqs;
use local_template::{Mapping, Source};
use orderly::snapshot::Tables;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    task::{JoinHandle, spawn_local},
    time::sleep,
};

use crate::{
    administrator::Administrator,
    answered::Answered,
    bus::Targets,
    customer::Customer,
    description::{self, ENDPOINT, STACK, name_of},
    external::ExternalServices,
    history::History,
    lambda::Lambda,
    limits::Quotas,
    queues::Poller,
    services::Services,
    sim::Sim,
    story::{NEVER_STOCKED, PLENTIFUL, SCARCE, Story},
    streams::Reader,
    workflows,
};

/// How many batches of a queue are worked on at once, where there are no limits.
const POLLERS: u32 = 2;
/// The longest that the bus holds an event where no fault is injected: so they come in any order.
const DISORDER_MAX: Duration = Duration::from_millis(400);
/// Schedules come more and more seldom, but at least so often: worlds in which something is a day
/// late would do little else.
const SLOWDOWN: f64 = 1.2;
const SCHEDULE_MAX: Duration = Duration::from_hours(1);
/// Everything has ended after so much virtual time, or never will.
const END_MAX: Duration = Duration::from_hours(8 * 24);
/// How often an operator redrives dead-letter queues and resumes orders in review, at the end.
const REDRIVES_MAX: usize = 3;
/// How often an operator resumes what waits for one, and the pause after that.
const RESUMES_MAX: usize = 8;
const RESUME_PAUSE: Duration = Duration::from_secs(90);
/// How many pieces there are of each product at the beginning.
pub(crate) const STOCKED: [(&str, i64); 2] = [(PLENTIFUL, 1_000), (SCARCE, 1)];

/// What is needed to see that everything has ended.
pub(crate) struct Stage {
    pub(crate) lambda: Lambda,
    positions: Vec<(String, Rc<Cell<u64>>)>,
    pub(crate) worked_on: BTreeSet<String>,
    busy: Rc<Cell<usize>>,
    pub(crate) poisoned: Rc<Cell<usize>>,
    pub(crate) answered: Rc<RefCell<Answered>>,
    administrator: Rc<Administrator>,
}

impl Stage {
    pub(crate) async fn set(sim: &Arc<Sim>, stories: &[Story]) -> Self {
        let external = ExternalServices::open(sim);
        let modes = sim.modes();
        let database = description::database(&description::deployment(sim.mode()).template).await;
        let clock = sim.clock();
        let queues = Sqs::seeded(ENDPOINT, clock.clone(), sim.seed);
        for mode in &modes {
            description::create_queues(&description::deployment(*mode).template, &queues);
        }
        let holds = stories.iter().enumerate();
        let holds =
            holds.filter_map(|(index, story)| story.hold(sim.mode(), &user(index))).collect();
        let targets =
            Targets { sim: Arc::clone(sim), queues: queues.clone(), holds: Mutex::new(holds) };
        let disorder =
            Disorder { shuffle: true, seed: sim.seed, max_delay: DISORDER_MAX, duplicate: false };
        let options = Options { disorder, clock, ..Options::default() };
        let bus =
            EventBridge::new(description::topology(&modes), Arc::new(targets), options).unwrap();
        let mail = external.mail.router();
        let (workflows, tasks) = workflows::open(&modes, sim);
        let services = Services {
            database,
            queues,
            bus,
            mail,
            workflows,
            refused: Arc::default(),
            permissions: Arc::default(),
            written: Arc::default(),
            history: History::new(sim),
            sim: Arc::clone(sim),
        };
        let lambda = Lambda::new(sim, services, external);
        let answered = Rc::default();
        let stage = Self {
            administrator: Rc::new(Administrator::new(&lambda, &answered)),
            lambda,
            positions: Vec::new(),
            worked_on: BTreeSet::new(),
            busy: Rc::default(),
            poisoned: Rc::default(),
            answered,
        };
        spawn_local(workflows::work(stage.lambda.clone(), tasks));
        stage.stock(stories.len()).await;
        stage.start()
    }

    /// Writes what a new system starts with.
    async fn stock(&self, customers: usize) {
        for (product, price) in [(PLENTIFUL, 2_999), (SCARCE, 12_500), (NEVER_STOCKED, 500)] {
            let amount = json!({ "N": i64::to_string(&price) });
            let price = json!({ "M": { "amount": amount, "currency": { "S": "USD" } } });
            let id = json!({ "S": product });
            let row = json!({ "productId": id, "name": id, "price": price });
            self.put("products", row).await;
        }
        for (product, pieces) in STOCKED {
            let available = json!({ "N": pieces.to_string() });
            let row = json!({ "productId": { "S": product }, "available": available });
            self.put("inventory", row).await;
        }
        for index in 0..customers {
            let email = json!({ "S": email(index) });
            let row = json!({ "userId": { "S": user(index) }, "email": email });
            self.put("contacts", row).await;
            for address in ["addr_home", "addr_undeliverable"] {
                let row = json!({ "userId": { "S": user(index) }, "addressId": { "S": address } });
                self.put("delivery-addresses", row).await;
            }
        }
    }

    async fn put(&self, table: &str, item: Value) {
        self.lambda.services.put(table, item).await;
    }

    /// Starts every mapping and schedule of the template.
    fn start(mut self) -> Self {
        for mapping in self.mappings() {
            match &mapping.source {
                Source::Queue { arn, concurrency_max } => {
                    self.worked_on.insert(name_of(arn).to_owned());
                    for _ in 0..self.pollers(*concurrency_max) {
                        let poller = Poller {
                            lambda: self.lambda.clone(),
                            queue: name_of(arn).to_owned(),
                            batch_size: usize::try_from(mapping.batch_size).unwrap(),
                            reports_item_failures: mapping.reports_item_failures,
                            slot: self.lambda.slot(&mapping.function),
                            busy: Rc::clone(&self.busy),
                            poisoned: Rc::clone(&self.poisoned),
                        };
                        spawn_local(poller.run());
                    }
                }
                Source::Stream { .. } => {
                    let source = description::stream_source(mapping).unwrap();
                    let position = Rc::new(Cell::new(0));
                    self.positions.push((source.table.clone(), Rc::clone(&position)));
                    let reader = Reader {
                        slot: self.lambda.slot(&mapping.function),
                        second: self.lambda.slot(&mapping.function),
                        lambda: self.lambda.clone(),
                        source,
                        position,
                        poisoned: Rc::clone(&self.poisoned),
                    };
                    spawn_local(reader.run());
                }
            }
        }
        for schedule in self.lambda.template().schedules.iter().filter(|it| it.enabled) {
            let slot = self.lambda.slot(&schedule.function);
            let input = schedule.input.as_deref().unwrap_or("{}");
            let input: Value = serde_json::from_str(input).unwrap();
            spawn_local(async move {
                let mut pause = schedule.every;
                loop {
                    sleep(pause).await;
                    slot.invoke(input.clone(), None).await;
                    pause = pause.mul_f64(SLOWDOWN).min(SCHEDULE_MAX);
                }
            });
        }
        self
    }

    /// The mappings of each mode that this world has: to what is not deployed yet, nothing comes.
    fn mappings(&self) -> Vec<&'static Mapping> {
        let modes = self.lambda.sim.modes();
        let all = modes.iter().flat_map(|mode| &description::deployment(*mode).template.mappings);
        let mut mappings: Vec<&Mapping> = Vec::new();
        for mapping in all.filter(|it| it.enabled) {
            let is_same = |it: &&Mapping| {
                it.source.arn() == mapping.source.arn() && it.function == mapping.function
            };
            if !mappings.iter().any(is_same) {
                mappings.push(mapping);
            }
        }
        mappings
    }

    /// Whether this queue is deployed now.
    pub(crate) fn has_queue(&self, name: &str) -> bool {
        self.lambda.template().queues.iter().any(|it| it.name == name)
    }

    /// How many batches of a queue are worked on at once.
    fn pollers(&self, declared: Option<u32>) -> u32 {
        match (self.lambda.sim.quotas(), declared) {
            (Some(_), Some(declared)) => Quotas::per_mapping(declared),
            _ => POLLERS,
        }
    }

    /// When streams were away, an operator publishes again what they have forgotten, if that is
    /// part of the plan.
    pub(crate) fn expect_outage(&self) {
        let Some(outage) = self.lambda.sim.outage().filter(|it| it.republished) else { return };
        let (lambda, under_way) = (self.lambda.clone(), self.lambda.sim.under_way());
        spawn_local(async move {
            sleep(outage.until).await;
            assert!(lambda.republish().await.is_some_and(|report| report.is_complete()));
            drop(under_way);
        });
    }

    /// Spreads stock over shards, where there shall be more than one.
    pub(crate) async fn spread(&self) {
        let shards = self.lambda.sim.shards();
        if shards > 1 {
            self.administrator.spread(shards).await;
        }
    }

    /// Customers and an operator begin.
    pub(crate) fn begin(&self, stories: &[Story]) -> Vec<JoinHandle<()>> {
        let customers = stories.iter().enumerate().map(|(index, story)| {
            let customer = Customer::new(user(index), *story, &self.lambda, &self.answered);
            spawn_local(customer.run())
        });
        let administrator = Rc::clone(&self.administrator);
        let restocks = spawn_local(async move { administrator.restock().await });
        customers.chain([restocks]).collect()
    }

    /// Waits until everything has ended; whether it has.
    pub(crate) async fn watch(&self, people: Vec<JoinHandle<()>>) -> bool {
        for person in people {
            person.await.unwrap();
        }
        let mut redrives = 0;
        let mut resumes = 0;
        let mut looks = 0_u32;
        let mut pause = Duration::from_secs(1);
        loop {
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(60));
            let is_late = Duration::from_millis(self.lambda.sim.millisecond()) >= END_MAX;
            if !is_late && !self.is_quiet() {
                continue;
            }
            self.lambda.sim.stop_faults();
            let is_any = redrives < REDRIVES_MAX
                && (self.lambda.redrive().await | self.lambda.resume_reviewed().await);
            if is_any {
                redrives += 1;
                pause = Duration::from_secs(1);
                continue;
            }
            let has_ended = self.have_ended().await;
            looks += 1;
            // What is resumed again at once rests: an operator comes back a while later.
            if (has_ended || looks.is_power_of_two())
                && resumes < RESUMES_MAX
                && self.administrator.resume_reviews().await
            {
                resumes += 1;
                pause = RESUME_PAUSE;
            } else if has_ended || is_late {
                return has_ended;
            }
        }
    }

    /// An operator asks for figures, when all is over.
    pub(crate) async fn look_at_figures(&self) {
        self.administrator.look_at_figures().await;
    }

    /// Whether nothing is under way.
    fn is_quiet(&self) -> bool {
        let Services { queues, bus, database, workflows, .. } = &self.lambda.services;
        let is_empty = |queue: &String| queues.depth(queue).unwrap().total() == 0;
        let is_read = |(table, position): &(String, Rc<Cell<u64>>)| {
            database.stream_records(table, position.get(), 1).unwrap().is_empty()
        };
        !self.lambda.sim.is_moving()
            && bus.idle()
            && workflows.idle()
            && self.busy.get() == 0
            && self.worked_on.iter().filter(|it| self.has_queue(it)).all(is_empty)
            && self.positions.iter().all(is_read)
    }

    async fn have_ended(&self) -> bool {
        let tables = Tables { database: &self.lambda.services.database, stack: STACK };
        let (streams, _) = tables.streams().await.unwrap();
        streams.values().all(|events| events.iter().any(|event| ending_of(event).is_some()))
    }
}

/// What the customer with this number is called.
fn user(index: usize) -> String {
    format!("user-{index}")
}

/// Where this customer is reached.
pub(crate) fn email(index: usize) -> String {
    format!("{}@example.com", user(index))
}
