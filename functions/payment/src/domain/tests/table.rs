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

fn inputs() -> [Input; 9] {
    [
        created(),
        Input::Reserved,
        Input::Cancelled,
        Input::Captured(capture()),
        Input::Declined(decline()),
        Input::Revoked,
        Input::Refunded(refund()),
        Input::GaveUp(review()),
        Input::Resumed,
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

fn input_name(input: &Input) -> &'static str {
    match input {
        Input::Created(_) => "created",
        Input::Reserved => "reserved",
        Input::Cancelled => "cancelled",
        Input::Captured(_) => "captured",
        Input::Declined(_) => "declined",
        Input::Revoked => "revoked",
        Input::Refunded(_) => "refunded",
        Input::GaveUp(_) => "gave up",
        Input::Resumed => "resumed",
    }
}

fn event_name(event: &PaymentEvent) -> &'static str {
    match event {
        PaymentEvent::Completed(_) => "*completed*",
        PaymentEvent::Failed(_) => "*failed*",
        PaymentEvent::Refunded(..) => "*refunded*",
        PaymentEvent::NeedsReview(..) => "*needs review*",
    }
}

/// The cell of the table where `state` takes `input`.
fn cell(state: Payment, input: &Input) -> String {
    let (next, events) = state.clone().transition(input);
    if next == state {
        assert_eq!(events, [], "{input:?} changes nothing, and has an event");
        return "–".to_owned();
    }
    let events = events.iter().map(event_name);
    std::iter::once(state_name(&next)).chain(events).collect::<Vec<_>>().join(" ")
}

fn row(first: &str, cells: impl Iterator<Item = String>) -> String {
    format!("/// | {first} | {} |", cells.collect::<Vec<_>>().join(" | "))
}

#[test]
fn the_code_is_the_table() {
    let inputs = inputs();
    let header =
        row("", inputs.iter().map(|input| input_name(input).to_owned())).replace("|  |", "| |");
    let rule = format!("/// |{}", "---|".repeat(1 + inputs.len()));
    let rows = states().map(|state| {
        row(state_name(&state), inputs.iter().map(|input| cell(state.clone(), input)))
    });
    let expected = [vec![header, rule], rows.to_vec()].concat();
    let written: Vec<_> = SOURCE.lines().filter(|line| line.starts_with("/// |")).collect();
    assert_eq!(written, expected, "\n{}\n", expected.join("\n"));
}
