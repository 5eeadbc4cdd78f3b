//! The table in the documentation of [`Dispatch`] is what the code does.

use super::*;

const SOURCE: &str = include_str!("../../domain.rs");

/// One of each.
pub(super) fn states() -> [Dispatch; 12] {
    [
        Dispatch::Absent,
        Dispatch::Ordered(destination()),
        Dispatch::Paid,
        Dispatch::Withdrawn,
        Dispatch::Shipping(destination()),
        Dispatch::Tracing(destination()),
        Dispatch::Shipped(shipment()),
        Dispatch::Recalling(shipment()),
        Dispatch::Refused(refusal()),
        Dispatch::Voided(shipment()),
        Dispatch::TraceInReview(destination()),
        Dispatch::RecallInReview(shipment()),
    ]
}

fn facts() -> [Fact; 8] {
    [
        created(),
        Fact::Paid,
        Fact::Cancelled,
        Fact::Shipped(shipment()),
        Fact::Refused(refusal()),
        Fact::Voided,
        Fact::GaveUp(review()),
        Fact::Resumed,
    ]
}

fn state_name(dispatch: &Dispatch) -> &'static str {
    match dispatch {
        Dispatch::Absent => "*absent*",
        Dispatch::Ordered(_) => "ordered",
        Dispatch::Paid => "paid",
        Dispatch::Withdrawn => "withdrawn",
        Dispatch::Shipping(_) => "shipping",
        Dispatch::Tracing(_) => "tracing",
        Dispatch::Shipped(_) => "shipped",
        Dispatch::Recalling(_) => "recalling",
        Dispatch::Refused(_) => "refused",
        Dispatch::Voided(_) => "voided",
        Dispatch::TraceInReview(_) => "trace in review",
        Dispatch::RecallInReview(_) => "recall in review",
    }
}

fn fact_name(fact: &Fact) -> &'static str {
    match fact {
        Fact::Created(_) => "created",
        Fact::Paid => "paid",
        Fact::Cancelled => "cancelled",
        Fact::Shipped(_) => "shipped",
        Fact::Refused(_) => "refused",
        Fact::Voided => "voided",
        Fact::GaveUp(_) => "gave up",
        Fact::Resumed => "resumed",
    }
}

fn said_name(said: &Said) -> &'static str {
    match said {
        Said::Created(_) => "*created*",
        Said::Failed(_) => "*failed*",
        Said::NeedsReview(..) => "*needs review*",
    }
}

/// What the table has to say where `state` hears `fact`.
fn cell(state: Dispatch, fact: &Fact) -> String {
    let (next, said) = state.clone().apply(fact);
    if next == state {
        assert_eq!(said, [], "{fact:?} changes nothing, and is talked about");
        return "–".to_owned();
    }
    let said = said.iter().map(said_name);
    std::iter::once(state_name(&next)).chain(said).collect::<Vec<_>>().join(" ")
}

fn row(first: &str, cells: impl Iterator<Item = String>) -> String {
    format!("/// | {first} | {} |", cells.collect::<Vec<_>>().join(" | "))
}

#[test]
fn the_code_is_the_table() {
    let facts = facts();
    let header = row("", facts.iter().map(|it| fact_name(it).to_owned())).replace("|  |", "| |");
    let rule = format!("/// |{}", "---|".repeat(1 + facts.len()));
    let rows = states()
        .map(|state| row(state_name(&state), facts.iter().map(|fact| cell(state.clone(), fact))));
    let expected = [vec![header, rule], rows.to_vec()].concat();
    let written: Vec<_> = SOURCE.lines().filter(|line| line.starts_with("/// |")).collect();
    assert_eq!(written, expected, "\n{}\n", expected.join("\n"));
}
