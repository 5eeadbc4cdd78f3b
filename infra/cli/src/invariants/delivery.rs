//! Nothing is lost on the way, nothing is left lying, and every customer is told once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Finding};
use crate::timeline::Published;

/// Mails by the event that calls for them.
const MAILS: [(&str, &str); 4] = [
    ("OrderCreated", "orderReceived"),
    ("PaymentCompleted", "paymentReceived"),
    ("ShipmentCreated", "orderShipped"),
    ("OrderCancelled", "orderCancelled"),
];

/// Every queue is worked off.
pub(super) fn leaves_no_message(evidence: &Evidence) -> Vec<Finding> {
    let full = evidence.waiting.iter().filter(|(_, count)| **count > 0);
    full.map(|(queue, count)| Finding::new(queue, format!("{count} messages"))).collect()
}

/// Nothing is parked but what is meant to be.
pub(super) fn parks_nothing_unexpected(evidence: &Evidence) -> Vec<Finding> {
    let expected = |queue: &str| evidence.parked_expected.get(queue).copied().unwrap_or_default();
    let other = evidence.parked.iter().filter(|(queue, count)| **count != expected(queue));
    other
        .map(|(queue, count)| {
            Finding::new(queue, format!("{count} messages, expected {}", expected(queue)))
        })
        .collect()
}

/// What the bus took it delivered or parked.
pub(super) fn drops_nothing(evidence: &Evidence) -> Vec<Finding> {
    let dropped = evidence.bus.dropped;
    let found = (dropped > 0).then(|| Finding::new("the bus", format!("{dropped} events dropped")));
    found.into_iter().collect()
}

/// For each piece of news there is one mail, unless the customer cannot be reached.
///
/// SES has no idempotency keys: a process that dies after it sent a mail and before it wrote that
/// down sends the mail again. So there may be as many copies as there were such deaths.
pub(super) fn tells_everybody_once(evidence: &Evidence) -> Vec<Finding> {
    let mut sent: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for mail in &evidence.mails {
        let tag = |name: &str| {
            let found = mail.tags.iter().find(|(tag, _)| tag == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        *sent.entry((tag("order"), tag("template"))).or_default() += 1;
    }
    let excused: BTreeSet<(&str, &str)> = evidence
        .published
        .iter()
        .filter(|event| event.envelope.event_type == "NotificationFailed")
        .map(|event| (event.order_id(), template_of(event)))
        .collect();
    let mut findings = Vec::new();
    for event in &evidence.published {
        let call = MAILS.iter().find(|(event_type, _)| *event_type == event.envelope.event_type);
        let Some((_, template)) = call else { continue };
        let news = (event.order_id(), *template);
        let copies = sent.remove(&news).unwrap_or_default();
        let surplus = u64::try_from(copies.saturating_sub(1)).unwrap_or(u64::MAX);
        if (copies == 0 && !excused.contains(&news)) || surplus > evidence.mailers_lost {
            findings.push(Finding::new(news.0, format!("{copies} mails {template}")));
        }
    }
    let uncalled = sent.into_keys();
    findings.extend(uncalled.map(|(order, template)| {
        Finding::new(order, format!("a mail {template} that nothing called for"))
    }));
    findings
}

fn template_of(event: &Published) -> &str {
    event.envelope.data["template"].as_str().unwrap_or_default()
}
