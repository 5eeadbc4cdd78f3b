//! How a run is shown.

use std::collections::BTreeMap;

use invariants::{Published, Snapshot};
use local_ses::SentMail;
use local_stack::{
    console::{aside, bad, good, heading, say},
    telemetry::SpanTree,
};
use local_states::ExecutionReport;
use time::OffsetDateTime;

use super::Story;
use crate::{shop::short_name, timeline};

/// How much of a reason is shown, in characters.
const REASON_MAX: usize = 60;

/// Each story: the events of its orders, with their times since `start`, and what their workflows
/// came to.
pub(super) fn timelines(stories: &[Story], snapshot: &Snapshot, start: OffsetDateTime) {
    let by_order = timeline::by_order(&snapshot.published);
    for Story { scenario, expected } in stories {
        say(format_args!("\n{}  {}", heading(scenario.title), aside(scenario.name)));
        for order in expected {
            let events = by_order.get(order.order_id.as_str()).map(Vec::as_slice);
            let events = events.unwrap_or_default();
            say(format_args!("  {}", aside(&order.order_id)));
            for event in events {
                say(line(event, start));
            }
            let executions = snapshot.executions.iter();
            for execution in executions.filter(|it| it.name == order.order_id) {
                let ExecutionReport { status, transitions, .. } = execution;
                say(aside(format_args!("  workflow {status:?}, {transitions} transitions")));
            }
            for difference in order.differences(events) {
                say(format_args!("  {}", bad(difference)));
            }
        }
    }
}

fn line(event: &Published, start: OffsetDateTime) -> String {
    let since_start = (event.at - start).as_seconds_f64();
    // Padded before it is coloured: escape codes have a width for the formatter.
    let name = format!("{:<27}", event.envelope.event_type);
    let name = match event.envelope.event_type.as_str() {
        "OrderCompleted" => good(name).to_string(),
        "OrderCancelled" => bad(name).to_string(),
        failed if failed.ends_with("Failed") => bad(name).to_string(),
        _ => name,
    };
    let service = format!("{:<21}", event.envelope.source);
    let reason: String = event.reason().unwrap_or_default().chars().take(REASON_MAX).collect();
    let copies = match event.copies {
        1 => String::new(),
        copies => format!(" (published {copies} times)"),
    };
    let circumstances = format!("{reason}{copies}");
    format!("  {since_start:>8.3} s  {name} {service} {}", aside(circumstances))
        .trim_end()
        .to_owned()
}

/// Every mail, in the order in which they were sent.
pub(super) fn mails(mails: &[SentMail], start: OffsetDateTime) {
    say(format_args!("\n{}", heading("Mails")));
    let mut mails: Vec<_> = mails.iter().collect();
    mails.sort_by_key(|mail| mail.at);
    for mail in mails {
        let since_start = (mail.at - start).as_seconds_f64();
        let to = format!("{:<21}", mail.to.join(", "));
        say(format_args!("  {since_start:>8.3} s  {to} {}", mail.subject));
    }
}

/// How the first order went through the functions.
pub(super) fn trace(tree: &SpanTree) {
    if !tree.0.is_empty() {
        say(format_args!("\n{}", heading("Trace of the first order")));
        say(tree.to_string().trim_end());
    }
}

/// Who was killed.
pub(super) fn kills(killed: &BTreeMap<String, usize>) {
    let count: usize = killed.values().sum();
    let each: Vec<_> = killed
        .iter()
        .map(|(function, count)| format!("{} {count}", short_name(function)))
        .collect();
    say(format_args!("\n{}", heading(format_args!("{count} function processes killed"))));
    say(format_args!("  {}", each.join(", ")));
}
