//! `orderly demo`: one order of each kind, told from beginning to end, and the invariants.

mod chaos;
mod scenario;
mod show;

use std::time::Duration;

use futures_util::future::try_join_all;
use local_protocol::AwsError;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::{
    client::{Answer, ClientError, Customer, NewOrder},
    console::{bad, good, heading, say},
    invariants::{Evidence, Finding, Report},
    stack::Stack,
    timeline,
};
use chaos::Chaos;
use scenario::Scenario;

/// How long the orders may take to end, whatever happens to the functions.
const PATIENCE: Duration = Duration::from_secs(120);
/// The pause between two looks at the orders.
const LOOK: Duration = Duration::from_millis(10);

/// How long after the reservation a customer cancels.
const CHANGE_OF_MIND: Duration = Duration::from_millis(300);

/// What to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    /// How many orders are placed: one of each kind, and again from the first.
    pub orders: usize,
    /// Whether functions are killed while they work.
    pub kills: bool,
    /// What random choices start from.
    pub seed: u64,
}

/// Why there was nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The API did not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// An order was not accepted.
    #[error("{title}: the API answers {status} {body}")]
    Refused {
        /// Which order.
        title: &'static str,
        /// The status.
        status: u16,
        /// The problem.
        body: String,
    },
    /// The stores cannot be read.
    #[error("the stores cannot be read")]
    Store(#[from] AwsError),
}

/// An order that was accepted.
struct Placed {
    id: String,
    scenario: Scenario,
}

/// Places orders, waits until they have ended, and tells what happened. Whether everything held
/// that must hold.
///
/// # Errors
///
/// When an order is not accepted, or the stores cannot be read.
pub async fn run(stack: &Stack, options: DemoOptions) -> Result<bool, DemoError> {
    announce(options);
    let start = now();
    let began = Instant::now();
    let customer = Customer::new(stack.api_url(), "user-123")?;
    let chaos = options.kills.then(|| Chaos::start(stack.lambda().clone(), options.seed));
    let scenarios = scenario::all().into_iter().cycle().take(options.orders.max(1)).enumerate();
    let placing = scenarios.map(|(number, scenario)| place(stack, &customer, number, scenario));
    let orders = try_join_all(placing).await?;
    while stack.orders_ended() < orders.len() && began.elapsed() < PATIENCE {
        sleep(LOOK).await;
    }
    let took = began.elapsed();
    let killed = match chaos {
        Some(chaos) => Some(chaos.stop().await),
        None => None,
    };
    let idempotency = check_idempotency(&customer, &orders).await?;
    let settles = stack.settles(PATIENCE).await;

    let acknowledged = orders.iter().map(|order| order.id.clone());
    let evidence = Evidence::gather(stack, acknowledged).await?;
    show::timelines(&orders, &evidence.published, start);
    show::mails(&evidence.mails, start);
    if let Some(killed) = &killed {
        show::kills(killed);
    }
    let mut report = Report::of(&evidence);
    report.add("the same key and body have the same answer, another body 422", idempotency);
    report.add("every order ends as its story says", check_endings(&orders, &evidence));
    report.add("the stack comes to rest", check_rest(settles));
    conclude(&report, orders.len(), took);
    Ok(report.holds())
}

fn announce(options: DemoOptions) {
    let killed = if options.kills { ", while functions are killed" } else { "" };
    say(format_args!("placing {} orders{killed}", options.orders.max(1)));
}

async fn place(
    stack: &Stack,
    customer: &Customer,
    number: usize,
    scenario: Scenario,
) -> Result<Placed, DemoError> {
    let customer = customer.named(scenario.user);
    let refused = |answer: Answer| DemoError::Refused {
        title: scenario.title,
        status: answer.status,
        body: answer.body.to_string(),
    };
    let answer = customer.place(&scenario.order, &key(number)).await?;
    let id = match (answer.status, answer.order_id()) {
        (201, Some(id)) => id.to_owned(),
        _ => return Err(refused(answer)),
    };
    if scenario.cancels {
        until_payment(stack, &id).await;
        let answer = customer.cancel(&id).await?;
        if answer.status != 200 {
            return Err(refused(answer));
        }
    }
    Ok(Placed { id, scenario })
}

/// Waits until the order is reserved, and then so long that its payment is probably under way.
async fn until_payment(stack: &Stack, id: &str) {
    let began = Instant::now();
    let is_reserved = || {
        let (published, _) = timeline::read(stack.bus().archived());
        published
            .iter()
            .any(|event| event.order_id() == id && event.envelope.event_type == "InventoryReserved")
    };
    while !is_reserved() && began.elapsed() < PATIENCE {
        sleep(LOOK).await;
    }
    sleep(CHANGE_OF_MIND).await;
}

fn key(number: usize) -> String {
    format!("demo-order-{number}")
}

/// The first order once more, under the same key: as it was, and with another body.
async fn check_idempotency(
    customer: &Customer,
    orders: &[Placed],
) -> Result<Vec<Finding>, DemoError> {
    let Some(first) = orders.first() else { return Ok(Vec::new()) };
    let customer = customer.named(first.scenario.user);
    let mut findings = Vec::new();
    let again = customer.place(&first.scenario.order, &key(0)).await?;
    if (again.status, again.order_id()) != (201, Some(first.id.as_str())) {
        findings.push(Finding::new(&first.id, format!("{} {}", again.status, again.body)));
    }
    let other = NewOrder { total: None, ..first.scenario.order.clone() };
    let other = NewOrder { items: other.items.into_iter().take(1).collect(), ..other };
    let other = customer.place(&other, &key(0)).await?;
    if other.status != 422 {
        findings.push(Finding::new(&first.id, format!("another body has {}", other.status)));
    }
    Ok(findings)
}

fn check_endings(orders: &[Placed], evidence: &Evidence) -> Vec<Finding> {
    let by_order = timeline::by_order(&evidence.published);
    let mut findings = Vec::new();
    for order in orders {
        let events = by_order.get(order.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let ending = show::ending(events).unwrap_or("nothing");
        if ending != order.scenario.ending {
            let what = format!("{} in {ending}", order.scenario.title);
            findings.push(Finding::new(&order.id, what));
        }
    }
    findings
}

fn check_rest(settles: bool) -> Vec<Finding> {
    let patience = PATIENCE.as_secs();
    let restless = || Finding::new("the stack", format!("still moving after {patience} s"));
    (!settles).then(restless).into_iter().collect()
}

fn conclude(report: &Report, orders: usize, took: Duration) {
    say(format_args!("\n{}\n{report}", heading("Invariants")));
    let seconds = took.as_secs_f64();
    if report.holds() {
        let held = report.rows.len();
        say(good(format_args!(
            "all {held} invariants hold, {orders} orders ended in {seconds:.2} s"
        )));
    } else {
        say(bad(format_args!("{} invariants do not hold", report.broken())));
    }
}

#[expect(clippy::disallowed_methods, reason = "the zero of the times that people are shown")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
