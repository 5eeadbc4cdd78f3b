//! Real processes that are killed, on a network that loses requests and answers: orders of every
//! kind, in both modes. When the faults end, all invariants hold.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "which faults there were is part of the report")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use invariants::{Finding, Report, Snapshot};
use local_stack::{Proxies, Redelivery, StackOptions, build};
use orderly::{
    Shop,
    client::{Customer, Line, NewOrder, Operator},
    demo::{self, Chaos},
    seed, shop, snapshot,
};
use testkit::{
    LossyProxy,
    NetworkFault::{self, AnswerCut, Delayed, Hung, RequestLost, ResponseLost},
    Rates,
};
use tokio::time::{Instant, sleep};

/// How often each story is played.
const ROUNDS: usize = 3;
/// When faults end, whatever has ended by then.
const FAULTS_MAX: Duration = Duration::from_secs(10);
/// After that it must all be over.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// About one chunk in fourteen, of what functions and AWS say to each other.
fn rates_of_aws() -> Rates {
    Rates {
        to_upstream: vec![(Delayed, 30), (RequestLost, 15), (ResponseLost, 15), (Hung, 4)],
        to_client: vec![(Delayed, 30), (ResponseLost, 10), (AnswerCut, 15), (Hung, 4)],
        delay_max: Duration::from_millis(80),
        // Longer than a client waits for an answer.
        hang: Duration::from_millis(2_500),
    }
}

/// More, of the few calls to providers: those are what must not happen twice.
fn rates_of_providers() -> Rates {
    Rates {
        to_upstream: vec![(Delayed, 40), (RequestLost, 40), (ResponseLost, 100), (Hung, 15)],
        to_client: vec![(Delayed, 40), (ResponseLost, 60), (AnswerCut, 60), (Hung, 15)],
        hang: Duration::from_millis(3_500),
        ..rates_of_aws()
    }
}

/// What a customer wants, and gets.
#[derive(Debug, Clone, Copy)]
enum Story {
    Completed,
    Declined,
    OutOfStock,
    Undeliverable,
    Cancelled,
}

const STORIES: [Story; 5] =
    [Story::Completed, Story::Declined, Story::OutOfStock, Story::Undeliverable, Story::Cancelled];

impl Story {
    fn order(self) -> NewOrder {
        let one = NewOrder::of(vec![Line::of("prod-001", 1)]);
        match self {
            Self::Completed => NewOrder::of_the_book(),
            Self::Declined => {
                NewOrder { payment_method_id: Some("pm_card_chargeDeclined".to_owned()), ..one }
            }
            Self::OutOfStock => NewOrder::of(vec![Line::of(seed::SCARCE, 2)]),
            Self::Undeliverable => {
                NewOrder { delivery_address_id: Some("addr_undeliverable".to_owned()), ..one }
            }
            Self::Cancelled => {
                NewOrder { payment_method_id: Some("pm_card_visa_slow_500".to_owned()), ..one }
            }
        }
    }

    /// Why the order is cancelled, if it is.
    const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Completed => None,
            Self::Declined => Some("paymentFailed"),
            Self::OutOfStock => Some("outOfStock"),
            Self::Undeliverable => Some("shippingFailed"),
            Self::Cancelled => Some("customerRequest"),
        }
    }
}

/// An order that was acknowledged.
#[derive(Debug)]
struct Placed {
    id: String,
    /// Why it must end cancelled; it must be completed without a reason.
    reason: Option<&'static str>,
}

async fn places(customer: Customer, story: Story, key: String) -> Placed {
    let answer = customer.place(&story.order(), &key).await.unwrap();
    assert_eq!(answer.status, 201, "{story:?}: {}", answer.body);
    let id = answer.order_id().unwrap().to_owned();
    let mut reason = story.reason();
    if matches!(story, Story::Cancelled) {
        sleep(Duration::from_millis(300)).await;
        let answer = customer.cancel(&id).await.unwrap();
        assert!(matches!(answer.status, 200 | 409), "{}: {}", answer.status, answer.body);
        if answer.status == 409 {
            reason = None;
        }
    }
    Placed { id, reason }
}

/// A stack whose functions see both worlds through proxies.
struct LossyShop {
    shop: Shop,
    aws: LossyProxy,
    providers: LossyProxy,
}

impl LossyShop {
    async fn start(mode: &str, seed: u64) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("infra/template.yaml");
        let mut parameters = demo::without_limits();
        parameters.insert("FulfilmentMode".to_owned(), mode.to_owned());
        let template = shop::load_template_with(&path, &parameters).unwrap();
        let output = build::Output::of_this_program().unwrap();
        let binaries = build::functions(&template, &path, &output).await.unwrap();
        let aws = LossyProxy::start(seed, rates_of_aws()).await;
        let providers = LossyProxy::start(seed + 1, rates_of_providers()).await;
        let options = StackOptions {
            parameters,
            redelivery: Redelivery::Soon,
            proxies: Proxies { endpoint: Some(aws.port()), external: Some(providers.port()) },
            ..StackOptions::new(&path, binaries)
        };
        let shop = Shop::start(options).await.unwrap();
        aws.forward_to(shop.endpoint_url());
        providers.forward_to(shop.external_url());
        seed::seed(&shop).await.unwrap();
        Self { shop, aws, providers }
    }

    fn heal(&self) {
        self.aws.heal();
        self.providers.heal();
    }

    /// As an operator does when the faults have ended: what is dead-lettered goes back.
    fn redrive(&self) -> usize {
        let queues = self.shop.sqs();
        let consumed: BTreeSet<&str> = self.shop.mappings().iter().map(|it| it.source()).collect();
        let names = queues.queue_names().into_iter();
        let dead = names.filter(|name| {
            !consumed.contains(name.as_str()) && queues.depth(name).unwrap().total() > 0
        });
        // The notes of failed invocations have no queue to go back to.
        dead.filter(|name| queues.start_move(name, None, None).is_ok()).count()
    }

    /// As an operator does with what a person is told of.
    async fn resume(&self) -> usize {
        let operator = Operator::new(self.shop.api_url()).unwrap();
        let answer = operator.reviews().await.unwrap();
        let listed = answer.body["reviews"].as_array().cloned().unwrap_or_default();
        for (number, review) in listed.iter().enumerate() {
            let order = review["orderId"].as_str().unwrap();
            let key = format!("resume-{order}-{number}");
            operator.resume(order, "the network is whole again", &key).await.unwrap();
        }
        listed.len()
    }

    /// Until all orders have ended and nothing moves any more.
    async fn settle(&self, orders: usize) {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let redriven = self.redrive();
            let is_idle = self.shop.becomes_idle(Duration::from_secs(10)).await;
            let resumed = if is_idle { self.resume().await } else { 0 };
            let is_over = redriven + resumed == 0 && self.shop.orders_ended() >= orders;
            if redriven + resumed > 0 {
                println!("redriven from {redriven} queues, resumed {resumed} orders");
            }
            if (is_idle && is_over) || Instant::now() > deadline {
                return;
            }
            sleep(LOOK).await;
        }
    }
}

/// The endings that were published, by order: whether it was completed, and why not.
fn endings(snapshot: &Snapshot) -> BTreeMap<&str, (bool, Option<&str>)> {
    let endings = snapshot.published.iter().filter_map(|it| {
        let is_completed = match it.envelope.event_type.as_str() {
            "OrderCompleted" => true,
            "OrderCancelled" => false,
            _ => return None,
        };
        Some((it.order_id(), (is_completed, it.reason())))
    });
    endings.collect()
}

fn total(counts: &[BTreeMap<NetworkFault, usize>], fault: NetworkFault) -> usize {
    counts.iter().filter_map(|it| it.get(&fault)).sum()
}

async fn plays(mode: &str, seed: u64) {
    let lossy = LossyShop::start(mode, seed).await;
    let shop = &lossy.shop;
    let chaos = Chaos::start(shop.lambda().clone(), seed);
    let began = Instant::now();
    let customer = Customer::new(shop.api_url(), "user-123").unwrap();
    let users = seed::CONTACTS.iter().cycle();
    let stories = std::iter::repeat_n(STORIES, ROUNDS).flatten();
    let placing: Vec<_> = stories
        .zip(users)
        .enumerate()
        .map(|(number, (story, user))| {
            let key = format!("{mode}-{number}");
            tokio::spawn(places(customer.named(user.user_id), story, key))
        })
        .collect();
    let mut orders = Vec::new();
    for order in placing {
        orders.push(order.await.unwrap());
    }
    while began.elapsed() < FAULTS_MAX && shop.orders_ended() < orders.len() {
        sleep(LOOK).await;
    }
    let ended_amid = shop.orders_ended();
    lossy.heal();
    let killed = chaos.stop().await;
    let counts = [lossy.aws.counts(), lossy.providers.counts()];
    println!("{mode}: {ended_amid} of {} orders ended amid faults", orders.len());
    println!("to AWS {:?}, to providers {:?}, killed {killed:?}", counts[0], counts[1]);
    lossy.settle(orders.len()).await;

    let mut snapshot = snapshot::gather(shop).await.unwrap();
    let cancelled = orders.iter().filter(|it| it.reason == Some("customerRequest"));
    snapshot.cancelled = cancelled.map(|it| it.id.clone()).collect::<BTreeSet<_>>().into();
    snapshot.acknowledged = orders.iter().map(|it| it.id.clone()).collect::<BTreeSet<_>>().into();
    // A mail whose answer got lost is sent again, as by a process that died.
    let unanswered = [ResponseLost, AnswerCut, Hung].map(|it| total(&counts[..1], it));
    *snapshot.mailer_failures += u64::try_from(unanswered.iter().sum::<usize>()).unwrap();
    let mut report = Report::of(&snapshot);
    report.add("every order ends as its story says", differences(&orders, &snapshot));
    shop.stop().await;
    assert!(report.holds(), "{mode}, seed {seed}: {report}");
    println!("{mode}: all holds after {:.1} s", began.elapsed().as_secs_f64());

    assert!(!killed.is_empty(), "nothing was killed");
    for fault in [Delayed, RequestLost, ResponseLost, AnswerCut, Hung] {
        assert!(total(&counts, fault) > 0, "{fault:?} did not occur");
    }
    assert!(total(&counts[1..], ResponseLost) > 0, "no answer of a provider was lost");
}

fn differences(orders: &[Placed], snapshot: &Snapshot) -> Vec<Finding> {
    let endings = endings(snapshot);
    let mut findings = Vec::new();
    for Placed { id, reason } in orders {
        let (is, expected) = (endings.get(id.as_str()), (reason.is_none(), *reason));
        if is != Some(&expected) {
            findings.push(Finding::new(id, format!("{is:?}, not {expected:?}")));
        }
    }
    findings
}

/// One after the other: two stacks at a time would only wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_done_twice_on_a_lossy_network_by_processes_that_die() {
    for (mode, seed) in [("choreography", 11), ("orchestration", 12)] {
        plays(mode, seed).await;
    }
}
