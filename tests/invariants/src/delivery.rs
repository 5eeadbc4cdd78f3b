//! Nothing is lost on the way, nothing is left in a queue, and every customer is notified once.

use std::collections::{BTreeMap, BTreeSet};

use crate::{DeadLetters, Finding, Poison, Published, Snapshot};

/// Mails by the event that calls for them.
const MAILS: [(&str, &str); 4] = [
    ("OrderCreated", "orderReceived"),
    ("PaymentCompleted", "paymentReceived"),
    ("ShipmentCreated", "orderShipped"),
    ("OrderCancelled", "orderCancelled"),
];

/// Nothing moves any more.
pub(crate) fn comes_to_rest(snapshot: &Snapshot) -> Vec<Finding> {
    unless(*snapshot.at_rest, "the system", || "still moving".to_owned())
}

/// Every queue is empty.
pub(crate) fn leaves_no_message(snapshot: &Snapshot) -> Vec<Finding> {
    let full = snapshot.waiting.iter().filter(|(_, count)| **count > 0);
    full.map(|(queue, count)| Finding::new(queue, format!("{count} messages"))).collect()
}

/// Nothing is dead-lettered but what is meant to be.
pub(crate) fn dead_letters_what_is_expected(snapshot: &Snapshot) -> Vec<Finding> {
    let other = snapshot.dead_letters.iter().filter(|(_, it)| it.messages != it.expected);
    other
        .map(|(queue, DeadLetters { messages, expected })| {
            Finding::new(queue, format!("{messages} messages, expected {expected}"))
        })
        .collect()
}

/// Each poison message is in a dead-letter queue.
pub(crate) fn dead_letters_poison(snapshot: &Snapshot) -> Vec<Finding> {
    let Poison { sent, dead_lettered } = *snapshot.poison;
    unless(dead_lettered >= sent, "poison", || format!("{dead_lettered} of {sent} dead-lettered"))
}

/// What the bus took it delivered or dead-lettered.
pub(crate) fn drops_nothing(snapshot: &Snapshot) -> Vec<Finding> {
    let dropped = *snapshot.dropped;
    unless(dropped == 0, "the bus", || format!("{dropped} events dropped"))
}

/// No request of a function was refused by its role.
pub(crate) fn refuses_no_function(snapshot: &Snapshot) -> Vec<Finding> {
    snapshot.refusals.iter().map(|what| Finding::new("a role", what)).collect()
}

/// No answer was one that the interface does not promise.
pub(crate) fn answers_as_promised(snapshot: &Snapshot) -> Vec<Finding> {
    snapshot.wrong_answers.iter().map(|what| Finding::new("an answer", what)).collect()
}

fn unless(holds: bool, subject: &str, what: impl FnOnce() -> String) -> Vec<Finding> {
    (!holds).then(|| Finding::new(subject, what())).into_iter().collect()
}

/// Each event that calls for a mail has led to one, unless the customer cannot be reached.
///
/// SES has no idempotency keys: a process that dies after it sent a mail and before it wrote that
/// down sends the mail again. So there may be as many copies as there were such deaths.
pub(crate) fn notifies_once(snapshot: &Snapshot) -> Vec<Finding> {
    let mut sent: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for mail in snapshot.mails.iter() {
        let tag = |name: &str| {
            let found = mail.tags.iter().find(|(tag, _)| tag == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        *sent.entry((tag("order"), tag("template"))).or_default() += 1;
    }
    let excused: BTreeSet<(&str, &str)> = snapshot
        .published
        .iter()
        .filter(|event| event.envelope.event_type == "NotificationFailed")
        .map(|event| (event.order_id(), template_of(event)))
        .collect();
    let mut findings = Vec::new();
    for event in snapshot.published.iter() {
        let call = MAILS.iter().find(|(event_type, _)| *event_type == event.envelope.event_type);
        let Some((_, template)) = call else { continue };
        let notice = (event.order_id(), *template);
        let copies = sent.remove(&notice).unwrap_or_default();
        let surplus = u64::try_from(copies.saturating_sub(1)).unwrap_or(u64::MAX);
        if (copies == 0 && !excused.contains(&notice)) || surplus > *snapshot.mailer_failures {
            findings.push(Finding::new(notice.0, format!("{copies} mails {template}")));
        }
    }
    let uncalled = sent.into_keys();
    findings.extend(uncalled.map(|(order, template)| {
        Finding::new(order, format!("a mail {template} that nothing called for"))
    }));
    findings
}

/// A mail fails only where the customer has no address that takes it.
pub(crate) fn reaches_whom_it_can(snapshot: &Snapshot) -> Vec<Finding> {
    let failed =
        snapshot.published.iter().filter(|it| it.envelope.event_type == "NotificationFailed");
    failed
        .filter(|event| !snapshot.unreachable.contains(event.order_id()))
        .map(|event| Finding::new(event.order_id(), format!("no mail {}", template_of(event))))
        .collect()
}

fn template_of(event: &Published) -> &str {
    event.envelope.data["template"].as_str().unwrap_or_default()
}
