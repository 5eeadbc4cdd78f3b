//! `orderly demo`: orders of every kind, shown from beginning to end, and the invariants.

mod chaos;
mod harness;
mod observer;
mod scenarios;
mod show;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::future::try_join_all;
use invariants::{Finding, Report, Snapshot};
use local_core::AwsError;
use local_stack::console::{heading, say};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::{
    Shop,
    client::ClientError,
    snapshot::{self, shown},
    timeline,
};
pub use chaos::Chaos;
pub use scenarios::{ALL, Scenario, find, usual};

use harness::{Confirmed, Harness};
use observer::BusObserver;
use scenarios::Expected;

/// How long the system may take to come to rest, whatever happens to the functions.
const WAIT_MAX: Duration = Duration::from_secs(180);

/// What to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoOptions {
    /// What is played, side by side.
    pub scenarios: Vec<&'static Scenario>,
    /// Whether functions are killed while they work.
    pub kills: bool,
    /// What random choices start from.
    pub seed: u64,
}

/// The template's parameters for a demonstration in this mode, `choreography` or `orchestration`:
/// deadlines and reviews that come while a viewer watches, yet not before a slow machine is done,
/// nor before a message comes again (after 30 s) whose function died; and no limit that one
/// customer meets who places them all.
pub fn parameters(mode: &str) -> BTreeMap<String, String> {
    let parameters = [
        ("FulfilmentMode", mode),
        ("PayWithinSeconds", "45"),
        ("ShipWithinSeconds", "45"),
        ("ReviewAfterAttempts", "4"),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    parameters.into_iter().chain(without_limits()).collect()
}

/// The template's parameters with which one customer may place the orders of all scenarios at once.
pub fn without_limits() -> BTreeMap<String, String> {
    ["OpenOrdersPerCustomer", "OrdersPerMinute"]
        .map(|name| (name.to_owned(), "1000".to_owned()))
        .into()
}

/// Why there was nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The API did not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The API refused what it had to accept.
    #[error("{title}: the API answers {status} {body}")]
    Refused {
        /// In which scenario.
        title: &'static str,
        /// The status.
        status: u16,
        /// The problem.
        body: String,
    },
    /// What a scenario waits for did not happen.
    #[error("{title}: {events} was not published in time")]
    NotPublished {
        /// In which scenario.
        title: &'static str,
        /// What it waited for.
        events: String,
    },
    /// The order had left before it was cancelled, though it could not have.
    #[error("{title}: the order was not cancelled, as it is on its way already")]
    TooLate {
        /// In which scenario.
        title: &'static str,
    },
    /// The stores cannot be read.
    #[error("the stores cannot be read")]
    Store(#[from] AwsError),
}

/// A scenario that was played, and what must be true of its orders.
struct Story {
    scenario: &'static Scenario,
    expected: Vec<Expected>,
}

/// Plays the scenarios, waits until all is over, and shows what happened. Whether everything held
/// that must hold.
///
/// # Errors
///
/// When the API does not answer as it must, something that a scenario waits for does not happen,
/// or the stores cannot be read.
pub async fn run(shop: &Shop, options: DemoOptions) -> Result<bool, DemoError> {
    announce(&options);
    let start = now();
    let began = Instant::now();
    let observer = Arc::new(BusObserver::on(shop.bus().clone()));
    let cancelled = Arc::new(Confirmed::default());
    let chaos = options.kills.then(|| Chaos::start(shop.lambda().clone(), options.seed));
    let playing = options.scenarios.iter().enumerate();
    let stories = try_join_all(
        playing.map(|(number, scenario)| play(shop, (&observer, &cancelled), number, scenario)),
    )
    .await?;
    let took = began.elapsed();
    let killed = match chaos {
        Some(chaos) => Some(chaos.stop().await),
        None => None,
    };
    // The snapshot shows whether it has settled.
    shop.becomes_idle(WAIT_MAX).await;
    drop(observer);

    let expected = || stories.iter().flat_map(|story| &story.expected);
    let mut snapshot = snapshot::gather(shop).await?;
    let placed = expected().map(|it| it.order_id.clone());
    snapshot.acknowledged = placed.collect::<BTreeSet<_>>().into();
    snapshot.cancelled = cancelled.orders().into();
    show::timelines(&stories, &snapshot, start);
    show::mails(&snapshot.mails, start);
    if let Some(order) = expected().next() {
        show::trace(&shop.trace(&order.order_id));
    }
    if let Some(killed) = &killed {
        show::kills(killed);
    }
    let mut report = Report::of(&snapshot);
    report.add("every order ends as its story expects", check_endings(&stories, &snapshot));
    conclude(&report, stories.len(), took);
    Ok(report.holds())
}

fn announce(options: &DemoOptions) {
    let killed = if options.kills { ", while functions are killed" } else { "" };
    say(format_args!("playing {} scenarios{killed}", options.scenarios.len()));
}

/// Plays one scenario until its orders have ended.
async fn play(
    shop: &Shop,
    (observer, cancelled): (&Arc<BusObserver>, &Arc<Confirmed>),
    number: usize,
    scenario: &'static Scenario,
) -> Result<Story, DemoError> {
    let harness = Harness::new(
        shop,
        observer,
        cancelled,
        scenario.title,
        format!("{}-{number}", scenario.name),
    )?;
    let expected = (scenario.play)(harness.clone()).await?;
    for order in &expected {
        harness.ending_of(&order.order_id).await?;
    }
    Ok(Story { scenario, expected })
}

fn check_endings(stories: &[Story], snapshot: &Snapshot) -> Vec<Finding> {
    let by_order = timeline::by_order(&snapshot.published);
    let mut findings = Vec::new();
    for Story { scenario, expected } in stories {
        for order in expected {
            let events = by_order.get(order.order_id.as_str()).map(Vec::as_slice);
            let differences = order.differences(events.unwrap_or_default());
            findings.extend(differences.into_iter().map(|difference| {
                Finding::new(&order.order_id, format!("{}: {difference}", scenario.title))
            }));
        }
    }
    findings
}

fn conclude(report: &Report, scenarios: usize, took: Duration) {
    say(format_args!("\n{}\n{}", heading("Invariants"), shown(report)));
    let seconds = took.as_secs_f64();
    snapshot::conclude(report, &format!(", {scenarios} scenarios ended in {seconds:.2} s"));
}

#[expect(clippy::disallowed_methods, reason = "the zero of the times that people are shown")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
