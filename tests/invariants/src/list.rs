//! The list of invariants, as ARCHITECTURE.md has it.

use crate::{
    Finding, Part, Part::*, Snapshot, delivery, events, money, orders, shipments, stock, streams,
    workflows,
};

/// Something that must always hold.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// What it is called.
    pub name: &'static str,
    /// What it promises, as a sentence.
    pub promise: &'static str,
    /// What must have been observed to check it.
    pub needs: &'static [Part],
    /// What breaks it, in a snapshot that has these parts.
    pub check: fn(&Snapshot) -> Vec<Finding>,
}

const fn must(
    name: &'static str,
    promise: &'static str,
    needs: &'static [Part],
    check: fn(&Snapshot) -> Vec<Finding>,
) -> Invariant {
    Invariant { name, promise, needs, check }
}

/// Everything that must hold when nothing moves any more.
pub const INVARIANTS: &[Invariant] = &[
    must(
        "stock is conserved",
        "Available, reserved and shipped goods make up what was stocked and moved.",
        &[Stocked, Available, Reservations],
        stock::is_conserved,
    ),
    must(
        "stock is never negative",
        "No product has less than nothing available.",
        &[Available],
        stock::is_never_negative,
    ),
    must(
        "stock follows the order",
        "A completed order's goods have left; a cancelled order holds none.",
        &[Streams, Reservations],
        stock::follows_the_order,
    ),
    must(
        "an order is charged at most once",
        "The provider's ledger has at most one capture for an order.",
        &[Ledger],
        money::is_captured_once,
    ),
    must(
        "refunds stay within captures",
        "No more is refunded than was captured.",
        &[Ledger],
        money::refunds_stay_within_captures,
    ),
    must(
        "what is charged is the order's total",
        "The amount captured is the total of OrderCreated.",
        &[Ledger, Streams],
        money::is_the_orders_total,
    ),
    must(
        "no charge without a reservation",
        "What is captured was reserved before.",
        &[Ledger, Reservations],
        money::follows_a_reservation,
    ),
    must(
        "money follows the order",
        "A completed order is paid for; a cancelled one has its money back.",
        &[Ledger, Streams],
        money::follows_the_order,
    ),
    must(
        "an order is shipped at most once",
        "The carrier has at most one live shipment of an order.",
        &[Shipments],
        shipments::go_out_once,
    ),
    must(
        "nothing is shipped without a charge",
        "The carrier gets no shipment, not even one that is voided later, before the capture.",
        &[Shipments, Ledger],
        shipments::follow_a_capture,
    ),
    must(
        "shipments follow the order",
        "A completed order is shipped; a cancelled one has no live shipment.",
        &[Shipments, Streams],
        shipments::follow_the_order,
    ),
    must(
        "an acknowledged order is stored",
        "An order that its customer was told is placed is in the event store.",
        &[Acknowledged, Streams],
        streams::hold_what_was_acknowledged,
    ),
    must(
        "a confirmed cancellation is final",
        "An order that its customer was told is cancelled ends cancelled.",
        &[Cancelled, Streams],
        streams::end_as_confirmed,
    ),
    must(
        "answers are those promised",
        "Customers and operators get no answer that the interface does not promise.",
        &[WrongAnswers],
        delivery::answers_as_promised,
    ),
    must(
        "streams are gapless",
        "An order's events are numbered from 1 without gaps.",
        &[Streams],
        streams::are_gapless,
    ),
    must(
        "streams are append-only",
        "A stored event is never changed or removed.",
        &[Tampered],
        streams::are_append_only,
    ),
    must(
        "every order ends",
        "It ends once, completed or cancelled; then only OrderResumed follows.",
        &[Streams],
        streams::end,
    ),
    must(
        "the read model agrees with the streams",
        "An order's row is the fold of its stream, and each row has a stream.",
        &[Views, Streams],
        streams::agree_with_the_read_model,
    ),
    must(
        "what is stored is published",
        "Every event stored to be published is on the bus.",
        &[Stored, Published],
        events::stored_are_published,
    ),
    must(
        "what is published is stored",
        "Every event on the bus is one that its service stored, unchanged.",
        &[Published, Foreign, Stored, Streams],
        events::published_are_stored,
    ),
    must(
        "an order's events share one correlation id",
        "The correlation is constant along a chain.",
        &[Published],
        events::keep_their_correlation,
    ),
    must(
        "every cause is a published event",
        "A causation id names an event that was published.",
        &[Published],
        events::have_real_causes,
    ),
    must(
        "chains of causes are bounded",
        "No event is deeper than the envelope allows.",
        &[Published],
        events::stay_shallow,
    ),
    must(
        "no address in events",
        "Events name customers by id, never by address.",
        &[Addresses, Published, Foreign, Stored],
        events::name_no_address,
    ),
    must(
        "no address in logs",
        "No log line has a customer's address.",
        &[Addresses, Logs],
        events::log_no_address,
    ),
    must(
        "every customer is told once",
        "An event of interest leads to one mail, or to NotificationFailed; a crash may repeat a mail.",
        &[Published, Mails, MailerFailures],
        delivery::notifies_once,
    ),
    must(
        "every completed order is counted once",
        "The totals are those of the completed orders.",
        &[Totals, Streams],
        orders::are_counted_once,
    ),
    must(
        "a workflow is an order's only one, and ends",
        "In orchestration each order has exactly one execution, and it ends.",
        &[Executions, Published],
        workflows::end,
    ),
    must(
        "everything comes to rest",
        "When all orders have ended, nothing moves any more.",
        &[AtRest],
        delivery::comes_to_rest,
    ),
    must(
        "queues are empty",
        "Every message that a function consumes is handled or dead-lettered.",
        &[Waiting],
        delivery::leaves_no_message,
    ),
    must(
        "dead-letter queues hold what is expected",
        "What is dead-lettered is a poison message or the note of a process that died.",
        &[DeadLetters],
        delivery::dead_letters_what_is_expected,
    ),
    must(
        "poison messages are dead-lettered",
        "No poison message is lost.",
        &[Poison],
        delivery::dead_letters_poison,
    ),
    must(
        "the bus drops nothing",
        "An event that the bus took is delivered or dead-lettered.",
        &[Dropped],
        delivery::drops_nothing,
    ),
    must(
        "roles allow what functions need",
        "No request of a function is refused by its role.",
        &[Refusals],
        delivery::refuses_no_function,
    ),
];
