//! Orders, cancels, shipments and commands at the same time, in any order of their calls, with
//! faults and duplicates, on products of any number of shards.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use catalogue::{Event, InventoryReservationFailed};
use event_envelope::{Delivery, FromEnvelope};
use local_dynamodb::{Fault, FaultPlan};
use proptest::{prelude::*, test_runner::RngSeed};
use testkit::http::{Answer, Request};
use tokio::{runtime::Builder, task::JoinSet, time::sleep};
use tower::ServiceExt;

use crate::{
    interleavings::Interleaving,
    order::{cancelled, created, shipped},
    request::{adjust, rebalance, restock, show},
    world::{Books, Process, World},
};

const PRODUCTS: [&str; 2] = ["prod-001", "prod-002"];
/// How often a delivery or a request comes before a test fails.
const TRIES_MAX: usize = 100;

/// What an order asks for: which product, and how many.
type Lines = Vec<(usize, u32)>;

/// What becomes of an order besides.
#[derive(Debug, Clone, Copy)]
enum Then {
    Nothing,
    /// It is cancelled, at this time.
    Cancelled(u8),
    /// It is shipped, if it was reserved.
    Shipped,
}

#[derive(Debug, Clone)]
struct Order {
    lines: Lines,
    /// When it comes, in milliseconds.
    at: u8,
    /// How often it comes at once.
    copies: usize,
    /// What the first copy meets.
    fault: Option<(usize, Fault)>,
    then: Then,
}

#[derive(Debug, Clone, Copy)]
enum Wish {
    Restock(u32),
    Adjust(i32),
    Spread(u8),
    Show,
}

#[derive(Debug, Clone)]
struct Ask {
    product: usize,
    wish: Wish,
    at: u8,
    fault: Option<(usize, Fault)>,
}

#[derive(Debug, Clone)]
struct Case {
    /// How many there are of each product, shard by shard.
    stock: [Vec<u32>; 2],
    orders: Vec<Order>,
    asks: Vec<Ask>,
    waits: Vec<u8>,
}

/// What there was of each product after each call, and what was counted as reserved.
type History = Arc<Mutex<Vec<BTreeMap<&'static str, (i64, i64)>>>>;

/// One world, and everything that happens in it.
#[derive(Clone)]
struct Play {
    world: World,
    interleaving: Interleaving,
    history: History,
    /// Processes that remember how products were spread.
    processes: [Process; 2],
}

/// From when to when something was under way, as places in the history.
type Span = (usize, usize);

impl Play {
    async fn new(case: &Case) -> Self {
        let [one, two] = &case.stock;
        let world = World::with(&[]).await.spread(PRODUCTS[0], one).await;
        let world = world.spread(PRODUCTS[1], two).await;
        let initial: Vec<(&str, i64)> = PRODUCTS.into_iter().zip(case.totals()).collect();
        let history = History::default();
        let begun = moment(&world.books().await);
        history.lock().unwrap().push(begun);
        let inspected = world.clone();
        let seen = history.clone();
        let interleaving = Interleaving::new(case.waits.clone(), move || {
            let world = inspected.clone();
            let seen = seen.clone();
            let initial = initial.clone();
            async move {
                let books = world.books().await;
                books.assert_balanced(&initial);
                seen.lock().unwrap().push(moment(&books));
            }
        });
        let process = || {
            let client = interleaving.client(&world.database, FaultPlan::none());
            Process::new(world.service_by(client))
        };
        let processes = [process(), process()];
        Self { world, interleaving, history, processes }
    }

    fn now(&self) -> usize {
        self.history.lock().unwrap().len() - 1
    }

    /// Delivers until it is done, first to a process that meets the fault, if there is one.
    async fn complete(&self, delivery: &Delivery<Event>, fault: Option<(usize, Fault)>) {
        let mut process = match fault {
            Some((call, fault)) => {
                let plan = FaultPlan::at(call, fault);
                Process::new(
                    self.world.service_by(self.interleaving.client(&self.world.database, plan)),
                )
            }
            None => self.processes[0].clone(),
        };
        for turn in 0..TRIES_MAX {
            match process.oneshot(delivery.clone()).await {
                Ok(_) => return,
                Err(failure) => assert!(failure.is_retry(), "{failure}"),
            }
            process = self.processes[turn % 2].clone();
        }
        panic!("{} is never done", delivery.envelope.event_type);
    }

    /// Lets an order happen, and returns when it was decided on.
    async fn order(self, index: usize, order: Order) -> Span {
        let name = format!("order-{index}");
        let lines: Vec<_> = order.lines.iter().map(|line| (PRODUCTS[line.0], line.1)).collect();
        let ordered = created(&name, &lines);
        let mut deliveries = JoinSet::new();
        for copy in 0..order.copies {
            let play = self.clone();
            let ordered = ordered.clone();
            let fault = order.fault.filter(|_| copy == 0);
            deliveries.spawn(async move {
                sleep(Duration::from_millis(order.at.into())).await;
                let begun = play.now();
                play.complete(&ordered, fault).await;
                (begun, play.now())
            });
        }
        if let Then::Cancelled(at) = order.then {
            let play = self.clone();
            let cancelled = cancelled(&name);
            deliveries.spawn(async move {
                sleep(Duration::from_millis(at.into())).await;
                let begun = play.now();
                play.complete(&cancelled, None).await;
                (begun, begun)
            });
        }
        let spans = deliveries.join_all().await;
        let begun = spans.iter().map(|span| span.0).min().unwrap();
        let ended = spans.iter().map(|span| span.1).max().unwrap();
        if matches!(order.then, Then::Shipped) && self.world.answers(&name) == ["InventoryReserved"]
        {
            self.complete(&shipped(&name), order.fault).await;
            self.complete(&shipped(&name), None).await;
        }
        (begun, ended)
    }

    /// Asks until it is answered, and holds the answer to be true of a moment since.
    async fn ask(self, index: usize, ask: Ask) {
        sleep(Duration::from_millis(ask.at.into())).await;
        let product = PRODUCTS[ask.product];
        let key = format!("key-{index}");
        let request = match ask.wish {
            Wish::Restock(quantity) => restock(product, quantity, &key),
            Wish::Adjust(delta) => adjust(product, delta, &key),
            Wish::Spread(shards) => rebalance(product, shards, &key),
            Wish::Show => show(product),
        };
        let begun = self.now();
        let answer = self.answer(&request, ask.fault).await;
        let history = self.history.lock().unwrap()[begun..].to_vec();
        let ever = |is: &dyn Fn(i64, i64) -> bool| {
            history.iter().any(|moment| is(moment[product].0, moment[product].1))
        };
        match (ask.wish, answer.status) {
            (Wish::Show, 200) => {
                let [there, reserved] =
                    ["available", "reserved"].map(|name| answer.body[name].as_i64().unwrap());
                assert!(ever(&|it, counted| (it, counted) == (there, reserved)), "{}", answer.text);
            }
            (Wish::Adjust(delta), 409) => {
                assert!(ever(&|there, _| there + i64::from(delta) < 0), "{delta}: {history:?}");
            }
            (_, status) => assert_eq!(status, 200, "{}", answer.text),
        }
        if matches!(ask.wish, Wish::Show) {
            return;
        }
        // A client that got no answer asks once more.
        let again = self.answer(&request, None).await;
        assert_eq!((again.status, again.text), (answer.status, answer.text));
        assert_eq!(again.headers["idempotency-replayed"], "true");
    }

    async fn answer(&self, request: &Request, fault: Option<(usize, Fault)>) -> Answer {
        let plan = fault.map_or_else(FaultPlan::none, |(call, fault)| FaultPlan::at(call, fault));
        let mut client = self.interleaving.client(&self.world.database, plan);
        for _ in 0..TRIES_MAX {
            let answer: Answer = self.world.api_by(client).handle(request.event()).await.into();
            if answer.status != 503 {
                return answer;
            }
            client = self.interleaving.client(&self.world.database, FaultPlan::none());
        }
        panic!("never answered");
    }
}

fn moment(books: &Books) -> BTreeMap<&'static str, (i64, i64)> {
    let of = |product| (books.available(product), books.counted[product]);
    PRODUCTS.into_iter().map(|product| (product, of(product))).collect()
}

impl Case {
    fn totals(&self) -> [i64; 2] {
        [0, 1].map(|product: usize| self.stock[product].iter().map(|it| i64::from(*it)).sum())
    }

    async fn play(self) {
        let play = Play::new(&self).await;
        let mut acts = JoinSet::new();
        for (index, order) in self.orders.iter().cloned().enumerate() {
            let play = play.clone();
            acts.spawn(async move { (index, play.order(index, order).await) });
        }
        let mut asks = JoinSet::new();
        for (index, ask) in self.asks.iter().cloned().enumerate() {
            asks.spawn(play.clone().ask(index, ask));
        }
        let mut spans: Vec<_> = acts.join_all().await;
        asks.join_all().await;
        spans.sort_unstable();
        self.check(&play, spans.into_iter().map(|it| it.1).collect()).await;
    }

    /// Holds each order to have got all it asked for or nothing, and then only because there was
    /// too little at a moment.
    async fn check(&self, play: &Play, spans: Vec<Span>) {
        let history = play.history.lock().unwrap().clone();
        for (index, (order, (begun, ended))) in self.orders.iter().zip(spans).enumerate() {
            let name = format!("order-{index}");
            let answers = play.world.answers(&name);
            let answers: Vec<_> = answers.iter().map(String::as_str).collect();
            let cancelled = matches!(order.then, Then::Cancelled(_));
            match (answers.as_slice(), cancelled) {
                ([], true) | (["InventoryReserved", "InventoryReleased"], true) => {}
                (["InventoryReserved"], false) => {}
                (["InventoryReservationFailed"], _) => {
                    let published = play.world.published();
                    let published =
                        published.iter().find(|it| it.aggregate_id.as_str() == name).unwrap();
                    let Event::InventoryReservationFailed(failed) =
                        Event::from_envelope(published).unwrap()
                    else {
                        panic!("{published:?}");
                    };
                    assert_true(&failed, &history[begun..=ended]);
                }
                (other, _) => panic!("{name}: {other:?}"),
            }
        }
        // Each command that was answered well has left one row.
        let commands = self.asks.iter().filter(|it| !matches!(it.wish, Wish::Show)).count();
        assert!(play.world.movements().await.len() <= commands);
    }
}

/// Checks that a refusal was true at some moment.
fn assert_true(
    failed: &InventoryReservationFailed,
    history: &[BTreeMap<&'static str, (i64, i64)>],
) {
    assert!(!failed.shortages.is_empty());
    for short in &failed.shortages {
        let there = i64::try_from(short.available.unwrap()).unwrap();
        assert!(there < i64::from(short.requested), "{short:?}");
        let ever = history.iter().any(|moment| moment[short.product_id.as_str()].0 == there);
        assert!(ever, "{short:?} was never so in {history:?}");
    }
}

fn fault(calls: usize) -> impl Strategy<Value = Option<(usize, Fault)>> {
    prop::option::weighted(0.3, (0..calls, prop::sample::select(Fault::ALL.to_vec())))
}

fn order() -> impl Strategy<Value = Order> {
    let lines = prop_oneof![
        (0_usize..2, 1_u32..7).prop_map(|line| vec![line]),
        (1_u32..6, 1_u32..6).prop_map(|(one, two)| vec![(0, one), (1, two)]),
    ];
    let then = prop_oneof![
        2 => Just(Then::Nothing),
        2 => (0_u8..30).prop_map(Then::Cancelled),
        1 => Just(Then::Shipped),
    ];
    (lines, 0_u8..12, 1_usize..=2, fault(4), then)
        .prop_map(|(lines, at, copies, fault, then)| Order { lines, at, copies, fault, then })
}

fn ask() -> impl Strategy<Value = Ask> {
    let wish = prop_oneof![
        1 => (1_u32..6).prop_map(Wish::Restock),
        1 => (-6_i32..0).prop_map(Wish::Adjust),
        3 => (1_u8..6).prop_map(Wish::Spread),
        1 => Just(Wish::Show),
    ];
    (0_usize..2, wish, 0_u8..15, fault(4)).prop_map(|(product, wish, at, fault)| Ask {
        product,
        wish,
        at,
        fault,
    })
}

fn case() -> impl Strategy<Value = Case> {
    let stock = || prop::collection::vec(0_u32..5, 1..=5);
    let orders = prop::collection::vec(order(), 1..=7);
    let asks = prop::collection::vec(ask(), 0..=4);
    let waits = prop::collection::vec(0_u8..9, 0..60);
    ([stock(), stock()], orders, asks, waits).prop_map(|(stock, orders, asks, waits)| Case {
        stock,
        orders,
        asks,
        waits,
    })
}

fn run(case: Case) {
    // Pauses between attempts are random: the same in each run.
    fastrand::seed(20_251_117);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(case.play());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    #[test]
    fn in_any_interleaving_stock_is_conserved_and_no_order_is_refused_what_is_there(case in case()) {
        run(case);
    }
}
