//! The table in the documentation of [`Shipment`] is what the code does.

use super::*;

const SOURCE: &str = include_str!("../../domain.rs");

/// One of each.
pub(super) fn states() -> [Shipment; 12] {
    [
        Shipment::Absent,
        Shipment::Ordered(destination()),
        Shipment::Paid,
        Shipment::Withdrawn,
        Shipment::Shipping(destination()),
        Shipment::Reconciling(destination()),
        Shipment::Shipped(shipment()),
        Shipment::Recalling(shipment()),
        Shipment::Refused(refusal()),
        Shipment::Voided(shipment()),
        Shipment::ReconcileInReview(destination()),
        Shipment::RecallInReview(shipment()),
    ]
}

fn inputs() -> [Input; 8] {
    [
        created(),
        Input::Paid,
        Input::Cancelled,
        Input::Shipped(shipment()),
        Input::Refused(refusal()),
        Input::Voided,
        Input::GaveUp(review()),
        Input::Resumed,
    ]
}

fn state_name(dispatch: &Shipment) -> &'static str {
    match dispatch {
        Shipment::Absent => "*absent*",
        Shipment::Ordered(_) => "ordered",
        Shipment::Paid => "paid",
        Shipment::Withdrawn => "withdrawn",
        Shipment::Shipping(_) => "shipping",
        Shipment::Reconciling(_) => "reconciling",
        Shipment::Shipped(_) => "shipped",
        Shipment::Recalling(_) => "recalling",
        Shipment::Refused(_) => "refused",
        Shipment::Voided(_) => "voided",
        Shipment::ReconcileInReview(_) => "reconcile in review",
        Shipment::RecallInReview(_) => "recall in review",
    }
}

fn input_name(input: &Input) -> &'static str {
    match input {
        Input::Created(_) => "created",
        Input::Paid => "paid",
        Input::Cancelled => "cancelled",
        Input::Shipped(_) => "shipped",
        Input::Refused(_) => "refused",
        Input::Voided => "voided",
        Input::GaveUp(_) => "gave up",
        Input::Resumed => "resumed",
    }
}

fn event_name(event: &ShippingEvent) -> &'static str {
    match event {
        ShippingEvent::Created(_) => "*created*",
        ShippingEvent::Failed(_) => "*failed*",
        ShippingEvent::NeedsReview(..) => "*needs review*",
    }
}

/// The cell of the table where `state` takes `input`.
fn cell(state: Shipment, input: &Input) -> String {
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
