//! The list of invariants, as ARCHITECTURE.md has it.

use crate::{
    Finding, Part, Snapshot, answers, delivery, events, figures, money, shipments, stock, streams,
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

/// A list of invariants, each in two lines: name, check, needs; promise.
macro_rules! invariants {
    ($($name:literal $module:ident::$check:ident [$($part:ident)+] $promise:literal)+) => {
        /// Everything that must hold when nothing moves any more.
        pub const INVARIANTS: &[Invariant] = &[$(Invariant {
            name: $name,
            promise: $promise,
            needs: &[$(Part::$part),+],
            check: $module::$check,
        }),+];
    };
}

invariants! {
    "stock is conserved" stock::is_conserved [Stocked Available Reservations]
        "Available, reserved and shipped goods make up what was stocked and moved."
    "stock is never negative" stock::is_never_negative [Available]
        "No product has less than nothing available."
    "stock adds up after restocking" stock::adds_up [Restocked Moved]
        "What operators were told is done was done once, and nothing else was."
    "stock follows the order" stock::follows_the_order [Streams Reservations]
        "A completed order's goods have left; a cancelled order holds none."
    "an order is charged at most once" money::is_captured_once [Ledger]
        "The provider's ledger has at most one capture for an order."
    "refunds stay within captures" money::refunds_stay_within_captures [Ledger]
        "No more is refunded than was captured."
    "what is charged is the order's total" money::is_the_orders_total [Ledger Streams]
        "The amount captured is the total of OrderCreated."
    "no charge without a reservation" money::follows_a_reservation [Ledger Reservations]
        "What is captured was reserved before."
    "money follows the order" money::follows_the_order [Ledger Streams]
        "A completed order is paid for; a cancelled one has its money back."
    "an order is shipped at most once" shipments::go_out_once [Shipments]
        "The carrier has at most one live shipment of an order."
    "nothing is shipped without a charge" shipments::follow_a_capture [Shipments Ledger]
        "The carrier gets no shipment, not even one that is voided later, before the capture."
    "shipments follow the order" shipments::follow_the_order [Shipments Streams]
        "A completed order is shipped; a cancelled one has no live shipment."
    "an acknowledged order is stored" streams::hold_what_was_acknowledged [Acknowledged Streams]
        "An order that was acknowledged to its customer is in the event store."
    "a confirmed cancellation is final" streams::end_as_confirmed [Cancelled Streams]
        "An order whose cancellation was acknowledged ends cancelled."
    "answers are those promised" delivery::answers_as_promised [WrongAnswers]
        "Customers and operators get no answer that the interface does not promise."
    "an answer never goes back" answers::never_go_back [Shown]
        "No later answer about an order has a lower version, or an earlier status."
    "customers see their own orders only" answers::show_own_orders [Shown Streams]
        "No customer is shown the order of another one."
    "what is resumed ends" answers::leave_no_review [Reviews]
        "No step still waits for an operator who has resumed it."
    "streams are gapless" streams::are_gapless [Streams]
        "An order's events are numbered from 1 without gaps."
    "streams are append-only" streams::are_append_only [Tampered]
        "A stored event is never changed or removed."
    "every order ends" streams::end [Streams]
        "It ends once, completed or cancelled; then only OrderResumed follows."
    "the read model agrees with the streams" streams::agree_with_the_read_model [Views Streams]
        "An order's row is the fold of its stream, and each row has a stream."
    "what is stored is published" events::stored_are_published [Stored Published]
        "Every event stored to be published is on the bus."
    "what is published is stored" events::published_are_stored [Published Foreign Stored Streams]
        "Every event on the bus is one that its service stored, unchanged."
    "an order's events share one correlation id" events::keep_their_correlation [Published]
        "The correlation is constant along a chain."
    "every cause is a published event" events::have_real_causes [Published]
        "A causation id names an event that was published."
    "chains of causes are bounded" events::stay_shallow [Published]
        "No event is deeper than the envelope allows."
    "no address in events" events::name_no_address [Addresses Published Foreign Stored]
        "Events name customers by id, never by address."
    "no address in logs" events::log_no_address [Addresses Logs]
        "No log line has a customer's address."
    "every customer is notified once" delivery::notifies_once [Published Mails MailerFailures]
        "An event of interest leads to one mail, or to NotificationFailed; a crash may repeat it."
    "a customer who can be reached is notified" delivery::reaches_whom_it_can [Published Unreachable]
        "No NotificationFailed is about an order whose customer has an address."
    "a timeline has each published event once" events::are_in_one_timeline [Published Timelines]
        "An order's timeline is the published events of its correlation, each once."
    "figures are those of the events" figures::are_those_of_the_events [Totals Published]
        "Each published event is counted once, in the quarter of an hour in which it happened."
    "what is sold is counted once" figures::are_those_of_what_was_sold [Sales Streams]
        "What was sold of each product are the lines of the completed orders."
    "a workflow is an order's only one, and ends" workflows::end [Executions Published]
        "In orchestration each order has exactly one execution, and it ends."
    "everything comes to rest" delivery::comes_to_rest [AtRest]
        "When all orders have ended, nothing moves any more."
    "queues are empty" delivery::leaves_no_message [Waiting]
        "Every message that a function consumes is handled or dead-lettered."
    "dead-letter queues hold what is expected" delivery::dead_letters_what_is_expected [DeadLetters]
        "What is dead-lettered is a poison message or the note of a process that died."
    "poison messages are dead-lettered" delivery::dead_letters_poison [Poison]
        "No poison message is lost."
    "the bus drops nothing" delivery::drops_nothing [Dropped]
        "An event that the bus took is delivered or dead-lettered."
    "roles allow what functions need" delivery::refuses_no_function [Refusals]
        "No request of a function is refused by its role."
}
