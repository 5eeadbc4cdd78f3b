use proptest::{prelude::*, sample::subsequence};
use state_machine::scenario::given;

use super::*;

mod carrier;
mod table;

use carrier::{Door, World};

fn destination() -> Destination {
    let [address, customer] = ["addr_1", "user-456"].map(|id| AggregateId::parse(id).unwrap());
    Destination { address, customer: Some(customer) }
}

fn shipment() -> Parcel {
    Parcel {
        shipment_id: "shp_1".into(),
        carrier: "UPS".into(),
        tracking_number: "1Z999AA10123456784".into(),
    }
}

fn refusal() -> Refusal {
    Refusal { code: "address_undeliverable".into(), reason: "nobody there".into() }
}

fn review() -> Review {
    Review { attempts: 8, reason: "the carrier is down".into() }
}

fn created() -> Input {
    Input::Created(destination())
}

fn ship() -> Command {
    Command::Ship { to: destination() }
}

fn reconcile() -> Command {
    Command::Reconcile { to: destination() }
}

fn void() -> Command {
    Command::Void { shipment_id: "shp_1".into() }
}

#[test]
fn each_step_has_its_command_pending() {
    let reason = "the order was cancelled, and its shipment called back".to_owned();
    let failed = ShippingEvent::Failed(Refusal { code: CANCELLED.to_owned(), reason });
    given::<Shipment>([])
        .when(created())
        .then([], None)
        .when(Input::Paid)
        .then([], Some(ship()))
        .when(Input::Cancelled)
        .then([], Some(reconcile()))
        .when(Input::Shipped(shipment()))
        .then([], Some(void()))
        .when(Input::Voided)
        .then([failed], None);
}

#[test]
fn a_reconciliation_that_is_abandoned_goes_on_to_the_same_address() {
    given::<Shipment>([created(), Input::Paid, Input::Cancelled])
        .when(Input::GaveUp(review()))
        .then([ShippingEvent::NeedsReview(ShippingStep::Trace, review())], None)
        .when(Input::Resumed)
        .then([], Some(reconcile()))
        .when(Input::Refused(refusal()))
        .then([ShippingEvent::Failed(refusal())], None)
        .when(Input::Refused(refusal()))
        .then_nothing()
        .when(Input::Cancelled)
        .then_nothing()
        .when(Input::Resumed)
        .then_nothing();
}

#[test]
fn what_is_abandoned_rests_until_it_is_resumed_and_emits_that_each_time() {
    let needs_review = ShippingEvent::NeedsReview(ShippingStep::Recall, review());
    given::<Shipment>([created(), Input::Paid])
        .when(Input::Shipped(shipment()))
        .then([ShippingEvent::Created(shipment())], None)
        .when(Input::Cancelled)
        .then([], Some(void()))
        .when(Input::GaveUp(review()))
        .then([needs_review.clone()], None)
        .when(Input::Cancelled)
        .then_nothing()
        .when(Input::Resumed)
        .then([], Some(void()))
        .when(Input::Resumed)
        .then_nothing()
        .when(Input::GaveUp(review()))
        .then([needs_review], None);
}

#[test]
fn calling_back_is_abandoned_and_shipping_is_not() {
    let abandoned = |command| Shipment::on_exhausted(&command, 8, "the carrier is down");
    assert_eq!(abandoned(ship()), None);
    for command in [reconcile(), void()] {
        assert_eq!(abandoned(command), Some(Input::GaveUp(review())));
    }
}

#[test]
fn a_stored_shipment_is_read_back() {
    for dispatch in table::states() {
        let text = serde_json::to_string(&dispatch).unwrap();
        assert_eq!(serde_json::from_str::<Shipment>(&text).unwrap(), dispatch, "{text}");
    }
}

/// Where an order goes by items without the owner of the address.
fn unnamed() -> Destination {
    Destination { customer: None, ..destination() }
}

/// Rows as the version wrote them that knew no reviews, and kept the inputs it had taken.
#[test]
fn rows_of_the_first_version_are_read() {
    let with_shipment = |status: &str| {
        let shipment =
            r#""shipmentId":"shp_1","carrier":"UPS","trackingNumber":"1Z999AA10123456784""#;
        format!(r#"{{"status":"{status}",{shipment}}}"#)
    };
    let refused =
        r#"{"status":"refused","code":"address_undeliverable","reason":"nobody there"}"#.to_owned();
    let bare = |status: &str| format!(r#"{{"status":"{status}"}}"#);
    for (has_address, paid, off, progress, expected) in [
        (false, false, false, bare("waiting"), Shipment::Absent),
        (true, false, false, bare("waiting"), Shipment::Ordered(unnamed())),
        (false, true, false, bare("waiting"), Shipment::Paid),
        (true, true, true, bare("waiting"), Shipment::Withdrawn),
        (true, true, false, bare("shipping"), Shipment::Shipping(unnamed())),
        (true, true, true, bare("tracing"), Shipment::Reconciling(unnamed())),
        (true, true, false, with_shipment("shipped"), Shipment::Shipped(shipment())),
        (true, true, true, with_shipment("shipped"), Shipment::Recalling(shipment())),
        (true, true, true, refused, Shipment::Refused(refusal())),
        (true, true, true, bare("notShipped"), Shipment::Withdrawn),
        (true, true, true, with_shipment("voided"), Shipment::Voided(shipment())),
    ] {
        let known = if has_address { r#""address":"addr_1","# } else { "" };
        let row =
            format!(r#"{{{known}"isPaid":{paid},"isCancelled":{off},"progress":{progress}}}"#);
        assert_eq!(serde_json::from_str::<Shipment>(&row).unwrap(), expected, "{row}");
    }
    for status in ["shipping", "tracing"] {
        let broken =
            format!(r#"{{"isPaid":true,"isCancelled":false,"progress":{{"status":"{status}"}}}}"#);
        let error = serde_json::from_str::<Shipment>(&broken).unwrap_err().to_string();
        assert!(error.contains("the row has no address"), "{error}");
    }
}

/// The version before this one reads what this one writes, and the other way round.
#[test]
fn a_shipment_that_is_reconciled_is_stored_under_the_name_it_always_had() {
    let row = serde_json::to_value(Shipment::Reconciling(destination())).unwrap();
    assert_eq!(row["progress"]["status"], "tracing");
}

/// What the first version makes of a shipment in review: one whose step is due, as it is.
#[test]
fn a_version_that_knows_no_reviews_takes_them_for_steps_that_are_due() {
    for (in_review, due) in [
        (Shipment::ReconcileInReview(destination()), Shipment::Reconciling(destination())),
        (Shipment::RecallInReview(shipment()), Shipment::Recalling(shipment())),
    ] {
        let mut row = serde_json::to_value(in_review).unwrap();
        assert_eq!(row.as_object_mut().unwrap().remove("isInReview"), Some(Value::Bool(true)));
        assert_eq!(row, serde_json::to_value(due).unwrap());
    }
}

/// Inputs in any order, some of them twice or three times.
fn histories(inputs: Vec<Input>) -> impl Strategy<Value = Vec<Input>> {
    let twice = [inputs.clone(), inputs.clone()].concat();
    (Just(inputs), subsequence(twice.clone(), 0..=twice.len()))
        .prop_map(|(all, again)| [all, again].concat())
        .prop_shuffle()
}

/// Where a shipment ends that took the inputs of `history`, with a carrier that answers, and the
/// events that it emitted: derived from the inputs alone.
fn expected(history: &[Input], door: Door) -> (Shipment, Vec<ShippingEvent>) {
    let taken_at = |input: &Input| history.iter().position(|earlier| earlier == input);
    let shipped_at = taken_at(&created()).zip(taken_at(&Input::Paid)).map(|(a, b)| a.max(b));
    match (shipped_at, taken_at(&Input::Cancelled), door) {
        (None, None, _) => panic!("the history has all that a shipment takes, or a cancellation"),
        (Some(shipped), Some(off), _) if off < shipped => (Shipment::Withdrawn, vec![]),
        (None, Some(_), _) => (Shipment::Withdrawn, vec![]),
        (Some(_), _, Door::Nowhere) => {
            (Shipment::Refused(refusal()), vec![ShippingEvent::Failed(refusal())])
        }
        (Some(_), Some(_), Door::There) => (
            Shipment::Voided(shipment()),
            vec![ShippingEvent::Created(shipment()), ShippingEvent::recalled()],
        ),
        (Some(_), None, Door::There) => {
            (Shipment::Shipped(shipment()), vec![ShippingEvent::Created(shipment())])
        }
    }
}

proptest! {
    #[test]
    fn whatever_comes_when_and_how_often_the_end_is_the_models(
        history in prop_oneof![
            histories(vec![created(), Input::Paid, Input::Resumed]),
            histories(vec![created(), Input::Paid, Input::Cancelled, Input::Resumed]),
            histories(vec![created(), Input::Cancelled]),
        ],
        door in prop_oneof![Just(Door::There), Just(Door::Nowhere)],
    ) {
        let world = World::run(&history, door, &[]);
        prop_assert_eq!((world.shipment, world.emitted), expected(&history, door));
    }

    #[test]
    fn whatever_is_lost_a_paid_order_is_shipped_once(
        history in histories(vec![created(), Input::Paid, Input::Resumed]),
        faults in carrier::faults(),
    ) {
        let world = World::run(&history, Door::There, &faults);
        prop_assert_eq!(&world.shipment, &Shipment::Shipped(shipment()));
        prop_assert_eq!((world.shipped, world.voided), (1, false));
        prop_assert_eq!((world.unpaid, world.abandoned), (0, 0));
    }

    #[test]
    fn whatever_is_lost_a_cancelled_order_stays_here(
        history in histories(vec![created(), Input::Paid, Input::Cancelled, Input::Resumed]),
        faults in carrier::faults(),
    ) {
        let world = World::run(&history, Door::There, &faults);
        prop_assert_eq!(world.shipment.pending(), None, "everything comes to an end");
        let recalled = world.shipment == Shipment::Voided(shipment());
        let withdrawn = world.shipment == Shipment::Withdrawn;
        prop_assert!(recalled != withdrawn, "{:?}", world.shipment);
        prop_assert_eq!((world.shipped, world.voided), (usize::from(recalled), recalled));
        prop_assert_eq!((world.unpaid, world.shipped_after_cancel), (0, 0));
        let is_review = |it: &ShippingEvent| matches!(it, ShippingEvent::NeedsReview(..));
        prop_assert!(!world.emitted.last().is_some_and(is_review), "a review is not the last word");
        let (reviews, mut others): (Vec<_>, Vec<_>) = world.emitted.into_iter().partition(is_review);
        prop_assert_eq!(reviews.len(), world.abandoned);
        // Whether it was announced depends on whether the carrier's answer came before the cancel.
        others.retain(|event| *event != shipment().event());
        let end = if recalled { vec![ShippingEvent::recalled()] } else { vec![] };
        prop_assert_eq!(others, end);
    }
}
