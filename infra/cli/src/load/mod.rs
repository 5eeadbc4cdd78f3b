//! `orderly load`: many orders at a steady rate, and what became of them.

mod arrivals;
mod measurements;
mod memory;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use invariants::{Finding, Report, Snapshot};
use local_core::AwsError;
use local_dynamodb::Capacity;
use local_stack::console::{heading, say};
use time::OffsetDateTime;
use tokio::{
    task::JoinHandle,
    time::{Instant, interval},
};

use crate::{
    Shop,
    client::{ClientError, Customer},
    seed,
    snapshot::{self, conclude, shown},
};
use arrivals::{Schedule, Sent};

pub use measurements::Measurements;

/// The pause between two looks at the progress.
const LOOK: Duration = Duration::from_millis(200);
/// The pause between two looks at the memory, which take longer.
const WEIGH: Duration = Duration::from_secs(2);
/// How long no order may end before the run stops waiting for the rest.
const WAIT_MAX: Duration = Duration::from_secs(30);
const BAR: &str = "  {elapsed_precise} {wide_bar} {pos}/{len} orders ended, {msg}";

/// How much load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadOptions {
    /// How many orders.
    pub orders: usize,
    /// How many a second. Must be above zero.
    pub rate: f64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The stores cannot be read.
    #[error("the stores cannot be read")]
    Store(#[from] AwsError),
}

/// Sends orders, waits until they have ended, and shows what was measured. Whether every order
/// was completed and everything held that must hold.
///
/// # Errors
///
/// When there can be no client, or the stores cannot be read.
pub async fn run(shop: &Shop, options: LoadOptions) -> Result<bool, LoadError> {
    let LoadOptions { orders, rate } = options;
    say(format_args!("{orders} orders at {rate} a second"));
    let customer = Customer::new(shop.api_url(), "user-123")?;
    for number in 0..arrivals::customers(orders) {
        let email = seed::CONTACTS[number % seed::CONTACTS.len()].email;
        seed::contact(shop, &arrivals::customer(number), email).await?;
    }
    let capacity_before = shop.dynamodb().capacity();
    let run = now().unix_timestamp_nanos().to_string();
    let sending = tokio::spawn(arrivals::send(customer, Schedule { orders, rate }, run));
    let (sent, answered_at, memory_max) = watch(shop, sending, orders).await;
    let settles = shop.becomes_idle(WAIT_MAX).await;
    let drained_after = settles.then(|| answered_at.elapsed());
    let functions = shop.lambda().stats();
    let capacity = consumed(capacity_before, shop.dynamodb().capacity());

    let accepted = sent.iter().filter_map(|it| it.outcome.clone().ok());
    let mut snapshot = snapshot::gather(shop).await?;
    snapshot.acknowledged = accepted.collect::<BTreeSet<_>>().into();
    let measurements = Measurements {
        drained_after,
        functions,
        capacity,
        memory_max,
        ..measure(&sent, &snapshot)
    };
    measurements.show();
    let mut report = Report::of(&snapshot);
    report.add("every order is accepted", refusals(&sent));
    say(format_args!("\n{}\n{}", heading("Invariants"), shown(&report)));
    conclude(&report, "");
    Ok(report.holds())
}

/// Follows the orders to their end, or until none ends any more: what was sent, when the last
/// order was answered, and the most memory that was seen.
async fn watch(
    shop: &Shop,
    mut sending: JoinHandle<Vec<Sent>>,
    orders: usize,
) -> (Vec<Sent>, Instant, Option<u64>) {
    let bar = progress_bar(orders);
    let (mut sent, mut answered_at) = (None, Instant::now());
    let (mut ended, mut progress_at) = (0, Instant::now());
    let (mut memory_max, mut weighed_at) = (None, Instant::now());
    let mut looks = interval(LOOK);
    loop {
        tokio::select! {
            answers = &mut sending, if sent.is_none() => {
                sent = Some(answers.unwrap_or_default());
                answered_at = Instant::now();
                progress_at = Instant::now();
            }
            _ = looks.tick() => (),
        }
        let now_ended = shop.orders_ended();
        if now_ended > ended {
            (ended, progress_at) = (now_ended, Instant::now());
        }
        if weighed_at.elapsed() > WEIGH {
            memory_max = memory_max.max(memory::resident(shop.lambda()));
            weighed_at = Instant::now();
        }
        bar.set_position(u64::try_from(ended).unwrap_or(u64::MAX));
        bar.set_message(format!("{} events published", shop.bus().stats().put));
        let Some(sent) = &sent else { continue };
        let accepted = sent.iter().filter(|it| it.outcome.is_ok()).count();
        if ended >= accepted || progress_at.elapsed() > WAIT_MAX {
            break;
        }
    }
    bar.finish_and_clear();
    let memory_max = memory_max.max(memory::resident(shop.lambda()));
    (sent.unwrap_or_default(), answered_at, memory_max)
}

fn progress_bar(orders: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(orders).unwrap_or(u64::MAX));
    // Only a template that does not parse is refused, and this one is a constant.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    bar
}

fn measure(sent: &[Sent], snapshot: &Snapshot) -> Measurements {
    let completions: BTreeMap<&str, OffsetDateTime> = snapshot
        .published
        .iter()
        .filter(|event| event.envelope.event_type == "OrderCompleted")
        .map(|event| (event.order_id(), event.at))
        .collect();
    let mut completed_after: Vec<Duration> = Vec::new();
    for order in sent {
        let completion = order.outcome.as_ref().ok().and_then(|id| completions.get(id.as_str()));
        let after = completion.and_then(|at| Duration::try_from(*at - order.due).ok());
        completed_after.extend(after);
    }
    let mut answered_after: Vec<Duration> = sent.iter().map(|it| it.answered_after).collect();
    completed_after.sort_unstable();
    answered_after.sort_unstable();
    let first = sent.iter().map(|it| it.due).min();
    let last = completions.values().max().copied();
    let duration = first.zip(last).and_then(|(first, last)| Duration::try_from(last - first).ok());
    Measurements {
        sent: sent.len(),
        accepted: sent.iter().filter(|it| it.outcome.is_ok()).count(),
        completed: completed_after.len(),
        duration: duration.unwrap_or_default(),
        answered_after,
        completed_after,
        ..Measurements::default()
    }
}

fn consumed(before: Capacity, after: Capacity) -> Capacity {
    Capacity {
        write_units: after.write_units - before.write_units,
        read_units: after.read_units - before.read_units,
        write_requests: after.write_requests - before.write_requests,
        read_requests: after.read_requests - before.read_requests,
    }
}

fn refusals(sent: &[Sent]) -> Vec<Finding> {
    let refused = sent.iter().filter_map(|it| it.outcome.as_ref().err());
    refused.map(|reason| Finding::new("an order", reason)).collect()
}

#[expect(clippy::disallowed_methods, reason = "a run measures itself, and has a name of its own")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
