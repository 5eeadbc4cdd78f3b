//! The table in the documentation of [`Payment`] is what the code does.

use super::*;

const SOURCE: &str = include_str!("../../domain.rs");

/// One of each.
pub(super) fn states() -> [Payment; 13] {
    [
        Payment::Absent,
        Payment::Ordered(charge()),
        Payment::Reserved,
        Payment::Withdrawn,
        Payment::Charging(charge()),
        Payment::Revoking(charge()),
        Payment::Captured(capture()),
        Payment::Refunding(capture()),
        Payment::Declined(decline()),
        Payment::Revoked,
        Payment::Refunded(capture(), refund()),
        Payment::RevokeInReview(charge()),
        Payment::RefundInReview(capture()),
    ]
}

fn facts() -> [Fact; 9] {
    [
        created(),
        Fact::Reserved,
        Fact::CalledOff,
        Fact::Captured(capture()),
        Fact::Declined(decline()),
        Fact::Revoked,
        Fact::Refunded(refund()),
        Fact::GaveUp(review()),
        Fact::Resumed,
    ]
}

fn state_name(payment: &Payment) -> &'static str {
    match payment {
        Payment::Absent => "*absent*",
        Payment::Ordered(_) => "ordered",
        Payment::Reserved => "reserved",
        Payment::Withdrawn => "withdrawn",
        Payment::Charging(_) => "charging",
        Payment::Revoking(_) => "revoking",
        Payment::Captured(_) => "captured",
        Payment::Refunding(_) => "refunding",
        Payment::Declined(_) => "declined",
        Payment::Revoked => "revoked",
        Payment::Refunded(..) => "refunded",
        Payment::RevokeInReview(_) => "revoke in review",
        Payment::RefundInReview(_) => "refund in review",
    }
}

fn fact_name(fact: &Fact) -> &'static str {
    match fact {
        Fact::Created(_) => "created",
        Fact::Reserved => "reserved",
        Fact::CalledOff => "called off",
        Fact::Captured(_) => "captured",
        Fact::Declined(_) => "declined",
        Fact::Revoked => "revoked",
        Fact::Refunded(_) => "refunded",
        Fact::GaveUp(_) => "gave up",
        Fact::Resumed => "resumed",
    }
}

fn said_name(said: &Said) -> &'static str {
    match said {
        Said::Completed(_) => "*completed*",
        Said::Failed(_) => "*failed*",
        Said::Refunded(..) => "*refunded*",
        Said::NeedsReview(..) => "*needs review*",
    }
}

/// What the table has to say where `state` hears `fact`.
fn cell(state: Payment, fact: &Fact) -> String {
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
