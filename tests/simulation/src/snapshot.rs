//! What is left when nothing moves any more.

use std::collections::{BTreeMap, BTreeSet};

use invariants::{DeadLetters, Poison, Snapshot};
use orderly::snapshot::{Tables, observe_bus};

use crate::{
    description::STACK,
    lambda::Lambda,
    queues::is_poison,
    stage::{STOCKED, Stage, email},
};

/// What sends mails, as points of faults name it: the function, and the batches of its queue.
const MAILER: [&str; 2] = ["notification", "orderly-notification-queue"];

/// Reads everything there is in a world but for what it does not have: logs, and where the services
/// drive orders a workflow.
pub(crate) async fn gather(stage: &Stage, customers: usize, at_rest: bool) -> Snapshot {
    let Lambda { services, external, sim, .. } = &stage.lambda;
    let template = stage.lambda.template();
    let answered = stage.answered.take();
    // A mail whose sender never learned that it went out goes out again.
    let injected = sim.injected_by_function();
    let failures: usize = MAILER.iter().filter_map(|name| injected.get(*name)).sum();
    // Where the mode changes, orders of the other have no workflow, or one that was ended.
    let has_workflows = sim.mode_changes_at().is_none() && !template.state_machines.is_empty();
    let workflow = has_workflows.then(|| services.workflows.executions().into());
    let refusals = services.refused.lock().unwrap().iter().cloned().collect::<Vec<_>>();
    let mut snapshot = Snapshot {
        at_rest: at_rest.into(),
        ledger: external.payments.ledger().into(),
        shipments: external.carrier.shipments().into(),
        mails: external.mail.mails().into(),
        mailer_failures: u64::try_from(failures).unwrap().into(),
        // Every customer of the stories has an address.
        unreachable: BTreeSet::new().into(),
        addresses: (0..customers).map(email).collect::<Vec<_>>().into(),
        acknowledged: answered.placed.into(),
        cancelled: answered.cancelled.into(),
        wrong_answers: answered.wrong.into(),
        shown: answered.shown.into(),
        restocked: answered.restocked.into(),
        reviews: answered.reviews.into(),
        refusals: refusals.into(),
        executions: workflow.unwrap_or_default(),
        ..Snapshot::default()
    };
    observe_bus(&mut snapshot, &services.bus);
    let stocked = STOCKED.map(|(product, pieces)| (product.to_owned(), pieces));
    let tables = Tables { database: &services.database, stack: STACK };
    tables.observe(&mut snapshot, template, stocked.into()).await.unwrap();
    count_messages(&mut snapshot, stage);
    count_orders(&mut snapshot);
    snapshot
}

/// Every customer of the stories asks for one order, however often.
fn count_orders(snapshot: &mut Snapshot) {
    let mut orders: BTreeMap<String, usize> = BTreeMap::new();
    for events in snapshot.streams.values() {
        let created = events.iter().find_map(|event| event.data["userId"].as_str());
        *orders.entry(created.unwrap_or_default().to_owned()).or_default() += 1;
    }
    let several = orders.into_iter().filter(|(_, count)| *count > 1);
    let several =
        several.map(|(user, count)| format!("{user} asked for one order and has {count}"));
    snapshot.wrong_answers.extend(several);
}

/// Poison is counted apart: in which dead-letter queues it must be depends on where it was sent.
fn count_messages(snapshot: &mut Snapshot, stage: &Stage) {
    let mut waiting = BTreeMap::new();
    let mut dead_letters = BTreeMap::new();
    let mut poison = Poison { sent: stage.poisoned.get(), dead_lettered: 0 };
    for queue in &stage.lambda.template().queues {
        let found = stage.lambda.services.queues.peek(&queue.name).unwrap();
        let poisonous = found.iter().filter(|it| is_poison(&it.body)).count();
        if stage.worked_on.contains(&queue.name) {
            waiting.insert(queue.name.clone(), found.len());
        } else {
            let messages = found.len() - poisonous;
            dead_letters.insert(queue.name.clone(), DeadLetters { messages, expected: 0 });
            poison.dead_lettered += poisonous;
        }
    }
    // The poison in a queue that is not deployed any more stays there.
    let queues = &stage.lambda.services.queues;
    for queue in queues.queue_names().iter().filter(|it| !stage.has_queue(it)) {
        let found = queues.peek(queue).unwrap();
        poison.dead_lettered += found.iter().filter(|it| is_poison(&it.body)).count();
    }
    snapshot.waiting = waiting.into();
    snapshot.dead_letters = dead_letters.into();
    snapshot.poison = poison.into();
}
