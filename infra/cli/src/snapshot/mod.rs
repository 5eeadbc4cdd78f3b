//! Gathers what invariants are checked on, in one go, when nothing moves any more.

mod attribute;
mod tables;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use invariants::{DeadLetters, Report, Snapshot};
use local_core::AwsError;
use local_eventbridge::EventBridge;
use local_stack::console;
use local_template::Function;

use crate::{Shop, seed, timeline};

pub use tables::Tables;

/// How long a gatherer waits for a stack that still moves, before it reports so.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Reads everything there is in `shop`, which should be quiescent. What customers were answered is
/// not there: who places orders adds `acknowledged` and `cancelled`.
///
/// # Errors
///
/// When a table cannot be read.
pub async fn gather(shop: &Shop) -> Result<Snapshot, AwsError> {
    let workflow = (!shop.template().state_machines.is_empty())
        .then(|| shop.state_machines().executions().into());
    let mut snapshot = Snapshot {
        at_rest: shop.becomes_idle(WAIT_MAX).await.into(),
        ledger: shop.payments().ledger().into(),
        shipments: shop.carrier().shipments().into(),
        mails: shop.mail().mails().into(),
        mailer_failures: lost(shop, "-notification").into(),
        executions: workflow.unwrap_or_default(),
        addresses: seed::CONTACTS.map(|it| it.email.to_owned()).to_vec().into(),
        logs: shop.logs().suspects().into(),
        refusals: shop.refusals().into(),
        ..Snapshot::default()
    };
    observe_bus(&mut snapshot, shop.bus());
    let stocked = seed::PRODUCTS.iter().map(|it| (it.id.to_owned(), signed(it.stock))).collect();
    let tables = Tables { database: shop.dynamodb(), stack: shop.name() };
    tables.observe(&mut snapshot, shop.template(), stocked).await?;
    count_messages(&mut snapshot, shop)?;
    Ok(snapshot)
}

/// Adds to `snapshot` what the bus took.
pub fn observe_bus(snapshot: &mut Snapshot, bus: &EventBridge) {
    let (published, foreign) = timeline::read(bus.archived());
    snapshot.published = published.into();
    snapshot.foreign = foreign.iter().map(ToString::to_string).collect::<Vec<_>>().into();
    snapshot.dropped = bus.stats().dropped.into();
}

/// A report as the terminal shows it.
pub(crate) fn shown(report: &Report) -> String {
    let marked = report.to_string();
    let good = console::good("✓").to_string();
    marked.replace('✓', &good).replace('✗', &console::bad("✗").to_string())
}

/// Shows in a sentence what came of checking, with `more` behind it if all is well.
pub(crate) fn conclude(report: &Report, more: &str) {
    let verdict = report.verdict();
    if report.holds() {
        console::say(console::good(format_args!("{verdict}{more}")));
    } else {
        console::say(console::bad(verdict));
    }
}

fn count_messages(snapshot: &mut Snapshot, shop: &Shop) -> Result<(), AwsError> {
    let consumed: BTreeSet<&str> = shop.mappings().iter().map(|it| it.source()).collect();
    let mut waiting = BTreeMap::new();
    let mut dead_letters = BTreeMap::new();
    for queue in shop.sqs().queue_names() {
        let messages = shop.sqs().depth(&queue)?.total();
        if consumed.contains(queue.as_str()) {
            waiting.insert(queue, messages);
            continue;
        }
        let expected = notes_of_losses(shop, &queue).map_or(0, |lost| lost.min(messages));
        dead_letters.insert(queue, DeadLetters { messages, expected });
    }
    snapshot.waiting = waiting.into();
    snapshot.dead_letters = dead_letters.into();
    Ok(())
}

/// How often the process of a function died, or ran out of time, at work.
fn lost(shop: &Shop, name_ends: &str) -> u64 {
    let stats = shop.lambda().stats();
    let function = stats.iter().find(|(name, _)| name.ends_with(name_ends));
    function.map_or(0, |(_, stats)| stats.crashes + stats.timeouts)
}

/// How many messages may be in a queue for failed invocations, if it is one: a note for each time
/// that a process died, such as a sweep's, which the next sweep makes up for.
fn notes_of_losses(shop: &Shop, queue: &str) -> Option<usize> {
    let template = shop.template();
    let arn = &template.queues.iter().find(|it| it.name == queue)?.arn;
    let notified = |it: &&Function| it.async_invoke.on_failure_arn.as_ref() == Some(arn);
    let function = template.functions.iter().find(notified)?;
    usize::try_from(lost(shop, &function.name)).ok()
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
