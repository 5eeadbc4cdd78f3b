use catalogue::Money;
use proptest::{prelude::*, sample::subsequence};
use state_machine::scenario::{Given, given};

use super::*;

mod provider;
mod table;

use provider::{Card, World};

const TOTAL: Money = Money::usd(10_997);

fn charge() -> Charge {
    let customer = AggregateId::parse("user-123").unwrap();
    Charge { amount: TOTAL, customer, payment_method: Some("pm_card_visa".into()) }
}

fn capture() -> Capture {
    Capture { payment_id: "pi_1".into(), amount: TOTAL }
}

fn decline() -> Decline {
    Decline { code: "card_declined".into(), reason: "no".into() }
}

fn refund() -> Refund {
    Refund { refund_id: "re_1".into(), amount: TOTAL }
}

fn review() -> Review {
    Review { attempts: 8, reason: "the provider is down".into() }
}

fn created() -> Input {
    Input::Created(charge())
}

#[test]
fn each_step_has_its_command_pending() {
    let completed = PaymentEvent::Completed(capture());
    given::<Payment>([])
        .when(created())
        .then([], None)
        .when(Input::Reserved)
        .then([], Some(Command::Charge(charge())))
        .when(Input::Cancelled)
        .then([], Some(Command::Revoke(charge())))
        .when(Input::Captured(capture()))
        .then([completed], Some(Command::Refund(capture())))
        .when(Input::Refunded(refund()))
        .then([PaymentEvent::Refunded(capture(), refund())], None);
}

#[test]
fn a_charge_that_is_revoked_in_vain_emits_once_that_nothing_was_taken() {
    let reason = "the order was called off before it was paid for; nothing was taken".to_owned();
    let failed = PaymentEvent::Failed(Decline { code: CALLED_OFF.to_owned(), reason });
    let cancelled = given::<Payment>([created(), Input::Reserved, Input::Cancelled]);
    cancelled.clone().when(Input::Revoked).then([failed.clone()], None);

    cancelled
        .when(Input::GaveUp(review()))
        .then([PaymentEvent::NeedsReview(PaymentStep::Revoke, review())], None)
        .when(Input::Resumed)
        .then([], Some(Command::Revoke(charge())))
        .when(Input::Revoked)
        .then([failed], None)
        .when(Input::Revoked)
        .then_nothing()
        .when(Input::Cancelled)
        .then_nothing()
        .when(Input::Resumed)
        .then_nothing();
}

#[test]
fn what_is_abandoned_rests_until_it_is_resumed_and_emits_that_each_time() {
    let needs_review = PaymentEvent::NeedsReview(PaymentStep::Refund, review());
    given::<Payment>([created(), Input::Reserved, Input::Captured(capture()), Input::Cancelled])
        .when(Input::GaveUp(review()))
        .then([needs_review.clone()], None)
        .when(Input::Cancelled)
        .then_nothing()
        .when(Input::Resumed)
        .then([], Some(Command::Refund(capture())))
        .when(Input::Resumed)
        .then_nothing()
        .when(Input::GaveUp(review()))
        .then([needs_review], None);
}

/// A paid order that is cancelled, and whose refund was abandoned.
fn refund_in_review() -> Given<Payment> {
    let paid = [created(), Input::Reserved, Input::Captured(capture()), Input::Cancelled];
    given([&paid[..], &[Input::GaveUp(review())]].concat())
}

#[test]
fn given_a_refund_in_review_when_it_arrives_after_all_then_it_is_the_refund() {
    refund_in_review()
        .when(Input::Refunded(refund()))
        .then([PaymentEvent::Refunded(capture(), refund())], None);
}

#[test]
fn given_a_refund_that_arrived_in_review_when_anything_comes_again_then_nothing_more_goes_back() {
    let arrived = refund_in_review()
        .when(Input::Refunded(refund()))
        .then([PaymentEvent::Refunded(capture(), refund())], None);
    let other = Input::Refunded(Refund { refund_id: "re_2".into(), ..refund() });
    let again = [Input::Refunded(refund()), other, Input::Resumed, Input::Cancelled];
    for input in again.into_iter().chain([Input::GaveUp(review()), Input::Captured(capture())]) {
        arrived.clone().when(input).then_nothing();
    }
}

#[test]
fn given_a_refund_in_review_when_it_is_resumed_and_arrives_then_it_is_emitted_once() {
    refund_in_review()
        .when(Input::Resumed)
        .then([], Some(Command::Refund(capture())))
        .when(Input::Refunded(refund()))
        .then([PaymentEvent::Refunded(capture(), refund())], None)
        .when(Input::Refunded(refund()))
        .then_nothing();
}

#[test]
fn given_a_revocation_in_review_when_a_refund_is_consumed_then_it_still_needs_review() {
    given::<Payment>([created(), Input::Reserved, Input::Cancelled, Input::GaveUp(review())])
        .when(Input::Refunded(refund()))
        .then_nothing();
}

#[test]
fn money_that_should_go_back_is_abandoned_and_money_that_should_come_is_not() {
    let abandoned = |command| Payment::on_exhausted(&command, 8, "the provider is down");
    assert_eq!(abandoned(Command::Charge(charge())), None);
    assert_eq!(abandoned(Command::Revoke(charge())), Some(Input::GaveUp(review())));
    assert_eq!(abandoned(Command::Refund(capture())), Some(Input::GaveUp(review())));
}

#[test]
fn another_amount_than_was_asked_for_is_noticed() {
    let cent = || Money::usd(1);
    let taken = Input::Captured(Capture { amount: cent(), ..capture() });
    let error = Command::Charge(charge()).check(&taken).unwrap_err();
    assert_eq!(error.to_string(), "the provider moved 0.01 USD where 109.97 USD was asked for");
    Command::Charge(charge()).check(&Input::Captured(capture())).unwrap();
    Command::Charge(charge()).check(&Input::Declined(decline())).unwrap();
    // All of what is found goes back, however much it is.
    Command::Revoke(charge()).check(&taken).unwrap();
    for part in [cent(), Money::usd(10_998)] {
        let back = Input::Refunded(Refund { amount: part, ..refund() });
        Command::Refund(capture()).check(&back).unwrap_err();
    }
    Command::Refund(capture()).check(&Input::Refunded(refund())).unwrap();
}

#[test]
fn a_stored_payment_is_read_back() {
    for payment in table::states() {
        let text = serde_json::to_string(&payment).unwrap();
        assert_eq!(serde_json::from_str::<Payment>(&text).unwrap(), payment, "{text}");
    }
}

/// Rows as the version wrote them that knew no reviews, and kept the inputs it had taken.
#[test]
fn rows_of_the_first_version_are_read() {
    let charge_json = serde_json::to_string(&charge()).unwrap();
    let captured =
        r#"{"status":"captured","paymentId":"pi_1","amount":{"amount":10997,"currency":"USD"}}"#;
    let refunded = r#"{"status":"refunded","paymentId":"pi_1","refundId":"re_1","amount":{"amount":10997,"currency":"USD"}}"#;
    let declined = r#"{"status":"declined","code":"card_declined","reason":"no"}"#;
    let bare = |status: &str| format!(r#"{{"status":"{status}"}}"#);
    for (has_charge, reserved, off, progress, expected) in [
        (false, false, false, bare("waiting"), Payment::Absent),
        (true, false, false, bare("waiting"), Payment::Ordered(charge())),
        (false, true, false, bare("waiting"), Payment::Reserved),
        (true, true, true, bare("waiting"), Payment::Withdrawn),
        (true, true, false, bare("charging"), Payment::Charging(charge())),
        (true, true, true, bare("revoking"), Payment::Revoking(charge())),
        (true, true, false, captured.to_owned(), Payment::Captured(capture())),
        (true, true, true, captured.to_owned(), Payment::Refunding(capture())),
        (true, true, true, declined.to_owned(), Payment::Declined(decline())),
        (true, true, true, bare("revoked"), Payment::Revoked),
        (true, true, true, refunded.to_owned(), Payment::Refunded(capture(), refund())),
    ] {
        let known = if has_charge { format!(r#""charge":{charge_json},"#) } else { String::new() };
        let row = format!(
            r#"{{{known}"isReserved":{reserved},"isCalledOff":{off},"progress":{progress}}}"#
        );
        assert_eq!(serde_json::from_str::<Payment>(&row).unwrap(), expected, "{row}");
    }
    let broken = r#"{"isReserved":true,"isCalledOff":false,"progress":{"status":"charging"}}"#;
    let error = serde_json::from_str::<Payment>(broken).unwrap_err().to_string();
    assert!(error.contains("the row has no charge"), "{error}");
}

/// What the first version makes of a payment in review: one whose step is due, as it is.
#[test]
fn a_version_that_knows_no_reviews_takes_them_for_steps_that_are_due() {
    for (in_review, due) in [
        (Payment::RevokeInReview(charge()), Payment::Revoking(charge())),
        (Payment::RefundInReview(capture()), Payment::Refunding(capture())),
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

/// Where a payment ends that took the inputs of `history`, with a provider that answers, and the
/// events that it emitted: derived from the inputs alone.
fn expected(history: &[Input], card: Card) -> (Payment, Vec<PaymentEvent>) {
    let taken_at = |input: &Input| history.iter().position(|earlier| earlier == input);
    let charged_at = taken_at(&created()).zip(taken_at(&Input::Reserved)).map(|(a, b)| a.max(b));
    match (charged_at, taken_at(&Input::Cancelled), card) {
        (None, None, _) => panic!("the history has all that a charge takes, or a cancellation"),
        (Some(charged), Some(off), _) if off < charged => (Payment::Withdrawn, vec![]),
        (None, Some(_), _) => (Payment::Withdrawn, vec![]),
        (Some(_), _, Card::Declines) => {
            (Payment::Declined(decline()), vec![PaymentEvent::Failed(decline())])
        }
        (Some(_), Some(_), Card::Pays) => (
            Payment::Refunded(capture(), refund()),
            vec![PaymentEvent::Completed(capture()), PaymentEvent::Refunded(capture(), refund())],
        ),
        (Some(_), None, Card::Pays) => {
            (Payment::Captured(capture()), vec![PaymentEvent::Completed(capture())])
        }
    }
}

/// The events of a payment with a card that pays, by how it ended, without reviews.
fn emitted_by_the_end(payment: &Payment) -> Vec<PaymentEvent> {
    match payment {
        Payment::Withdrawn => vec![],
        Payment::Revoked => vec![PaymentEvent::revoked()],
        Payment::Refunded(capture, refund) => {
            vec![capture.event(), PaymentEvent::Refunded(capture.clone(), refund.clone())]
        }
        Payment::Absent
        | Payment::Ordered(_)
        | Payment::Reserved
        | Payment::Charging(_)
        | Payment::Revoking(_)
        | Payment::Captured(_)
        | Payment::Refunding(_)
        | Payment::Declined(_)
        | Payment::RevokeInReview(_)
        | Payment::RefundInReview(_) => panic!("{payment:?} is no end of a cancelled order"),
    }
}

proptest! {
    #[test]
    fn whatever_comes_when_and_how_often_the_end_is_the_models(
        history in prop_oneof![
            histories(vec![created(), Input::Reserved, Input::Resumed]),
            histories(vec![created(), Input::Reserved, Input::Cancelled, Input::Resumed]),
            histories(vec![created(), Input::Cancelled]),
        ],
        card in prop_oneof![Just(Card::Pays), Just(Card::Declines)],
    ) {
        let world = World::run(&history, card, &[]);
        prop_assert_eq!((world.payment, world.emitted), expected(&history, card));
    }

    #[test]
    fn whatever_is_lost_no_money_stays_that_should_not(
        history in histories(vec![created(), Input::Reserved, Input::Cancelled, Input::Resumed]),
        faults in provider::faults(),
        reports in any::<bool>(),
    ) {
        let world = World::run_with(&history, Card::Pays, &faults, reports);
        prop_assert_eq!(world.payment.pending(), None, "everything comes to an end");
        prop_assert!(world.captures.len() <= 1);
        prop_assert_eq!(&world.refunds, &world.captures);
        prop_assert_eq!(world.unreserved_charges, 0);
        let is_review = |it: &PaymentEvent| matches!(it, PaymentEvent::NeedsReview(..));
        prop_assert!(!world.emitted.last().is_some_and(is_review), "a review is not the last word");
        let (reviews, others): (Vec<_>, Vec<_>) = world.emitted.into_iter().partition(is_review);
        prop_assert_eq!(reviews.len(), world.abandoned);
        prop_assert_eq!(others, emitted_by_the_end(&world.payment));
    }

    #[test]
    fn whatever_is_lost_an_order_that_stands_is_charged_once(
        history in histories(vec![created(), Input::Reserved, Input::Resumed]),
        faults in provider::faults(),
    ) {
        let world = World::run(&history, Card::Pays, &faults);
        prop_assert_eq!(world.payment, Payment::Captured(capture()));
        prop_assert_eq!(world.captures, vec![TOTAL]);
        prop_assert_eq!(world.refunds, vec![]);
        prop_assert_eq!((world.unreserved_charges, world.abandoned), (0, 0));
    }
}
