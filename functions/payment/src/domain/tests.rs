use events::Money;
use proptest::{prelude::*, sample::subsequence};

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

fn created() -> Fact {
    Fact::Created(charge())
}

/// What a payment that heard `facts` said in all, and what it has due.
fn hear(facts: &[Fact]) -> (Vec<Said>, Option<Effect>) {
    let mut said = Vec::new();
    let mut payment = Payment::default();
    for fact in facts {
        let (next, news) = payment.apply(fact);
        payment = next;
        said.extend(news);
    }
    (said, payment.due())
}

#[test]
fn each_step_has_its_effect_due() {
    let mut facts = vec![created()];
    assert_eq!(hear(&facts), (vec![], None));
    facts.push(Fact::Reserved);
    assert_eq!(hear(&facts), (vec![], Some(Effect::Charge(charge()))));
    facts.push(Fact::CalledOff);
    assert_eq!(hear(&facts), (vec![], Some(Effect::Revoke(charge()))));
    facts.push(Fact::Captured(capture()));
    let completed = Said::Completed(capture());
    assert_eq!(hear(&facts), (vec![completed.clone()], Some(Effect::Refund(capture()))));
    facts.push(Fact::Refunded(refund()));
    assert_eq!(hear(&facts), (vec![completed, Said::Refunded(capture(), refund())], None));
}

#[test]
fn a_charge_that_is_revoked_in_vain_says_once_that_nothing_was_taken() {
    let reason = "the order was called off before it was paid for; nothing was taken".to_owned();
    let failed = Said::Failed(Decline { code: CALLED_OFF.to_owned(), reason });
    let mut facts = vec![created(), Fact::Reserved, Fact::CalledOff, Fact::Revoked];
    assert_eq!(hear(&facts), (vec![failed.clone()], None));
    facts.insert(3, Fact::GaveUp(review()));
    facts.insert(4, Fact::Resumed);
    let needs_review = Said::NeedsReview(PaymentStep::Revoke, review());
    assert_eq!(hear(&facts), (vec![needs_review.clone(), failed.clone()], None));
    facts.extend([Fact::Revoked, Fact::CalledOff, Fact::Resumed]);
    assert_eq!(hear(&facts), (vec![needs_review, failed], None));
}

#[test]
fn what_is_given_up_rests_until_it_is_resumed_and_says_so_each_time() {
    let paid = [created(), Fact::Reserved, Fact::Captured(capture()), Fact::CalledOff];
    let stuck = [&paid[..], &[Fact::GaveUp(review()), Fact::CalledOff]].concat();
    let needs_review = Said::NeedsReview(PaymentStep::Refund, review());
    assert_eq!(hear(&stuck), (vec![Said::Completed(capture()), needs_review.clone()], None));
    let resumed = [&stuck[..], &[Fact::Resumed, Fact::Resumed]].concat();
    assert_eq!(hear(&resumed).1, Some(Effect::Refund(capture())));
    let again = [&resumed[..], &[Fact::GaveUp(review())]].concat();
    assert_eq!(hear(&again).0[1..], [needs_review.clone(), needs_review]);
}

/// A paid order that is called off, and whose refund was given up.
fn refund_in_review() -> Vec<Fact> {
    let paid = [created(), Fact::Reserved, Fact::Captured(capture()), Fact::CalledOff];
    [&paid[..], &[Fact::GaveUp(review())]].concat()
}

#[test]
fn given_a_refund_in_review_when_it_arrives_after_all_then_it_is_the_refund() {
    let before = hear(&refund_in_review()).0;
    let arrived = [refund_in_review(), vec![Fact::Refunded(refund())]].concat();
    let (said, due) = hear(&arrived);
    assert_eq!(said, [before, vec![Said::Refunded(capture(), refund())]].concat());
    assert_eq!(due, None);
}

#[test]
fn given_a_refund_that_arrived_in_review_when_anything_comes_again_then_nothing_more_goes_back() {
    let arrived = [refund_in_review(), vec![Fact::Refunded(refund())]].concat();
    let other = Fact::Refunded(Refund { refund_id: "re_2".into(), ..refund() });
    let again = [Fact::Refunded(refund()), other, Fact::Resumed, Fact::CalledOff];
    for fact in again.into_iter().chain([Fact::GaveUp(review()), Fact::Captured(capture())]) {
        let more = [&arrived[..], std::slice::from_ref(&fact)].concat();
        assert_eq!(hear(&more), hear(&arrived), "{fact:?}");
    }
}

#[test]
fn given_a_refund_in_review_when_it_is_resumed_and_arrives_then_it_is_said_once() {
    let arrived = [Fact::Resumed, Fact::Refunded(refund()), Fact::Refunded(refund())];
    let (said, due) = hear(&[refund_in_review(), arrived.to_vec()].concat());
    let refunds = said.iter().filter(|it| matches!(it, Said::Refunded(..))).count();
    assert_eq!((refunds, due), (1, None));
}

#[test]
fn given_a_revocation_in_review_when_a_refund_is_heard_of_then_it_still_needs_review() {
    let stuck = [created(), Fact::Reserved, Fact::CalledOff, Fact::GaveUp(review())];
    let heard = [&stuck[..], &[Fact::Refunded(refund())]].concat();
    assert_eq!(hear(&heard), hear(&stuck));
}

#[test]
fn money_that_should_go_back_is_given_up_and_money_that_should_come_is_not() {
    let given_up = |effect| Payment::give_up(&effect, 8, "the provider is down");
    assert_eq!(given_up(Effect::Charge(charge())), None);
    assert_eq!(given_up(Effect::Revoke(charge())), Some(Fact::GaveUp(review())));
    assert_eq!(given_up(Effect::Refund(capture())), Some(Fact::GaveUp(review())));
}

#[test]
fn another_amount_than_was_asked_for_is_noticed() {
    let cent = || Money::usd(1);
    let taken = Fact::Captured(Capture { amount: cent(), ..capture() });
    let error = Effect::Charge(charge()).check(&taken).unwrap_err();
    assert_eq!(error.to_string(), "the provider moved 0.01 USD where 109.97 USD was asked for");
    Effect::Charge(charge()).check(&Fact::Captured(capture())).unwrap();
    Effect::Charge(charge()).check(&Fact::Declined(decline())).unwrap();
    // All of what is found goes back, whatever it is.
    Effect::Revoke(charge()).check(&taken).unwrap();
    for part in [cent(), Money::usd(10_998)] {
        let back = Fact::Refunded(Refund { amount: part, ..refund() });
        Effect::Refund(capture()).check(&back).unwrap_err();
    }
    Effect::Refund(capture()).check(&Fact::Refunded(refund())).unwrap();
}

#[test]
fn a_stored_payment_is_read_back() {
    for payment in table::states() {
        let text = serde_json::to_string(&payment).unwrap();
        assert_eq!(serde_json::from_str::<Payment>(&text).unwrap(), payment, "{text}");
    }
}

/// Rows as the version wrote them that knew no reviews, and kept what it had heard.
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

/// Facts in any order, some of them twice or three times.
fn histories(facts: Vec<Fact>) -> impl Strategy<Value = Vec<Fact>> {
    let twice = [facts.clone(), facts.clone()].concat();
    (Just(facts), subsequence(twice.clone(), 0..=twice.len()))
        .prop_map(|(all, again)| [all, again].concat())
        .prop_shuffle()
}

/// Where a payment ends that heard `history`, with a provider that answers, and what it has said:
/// told from what it has heard alone.
fn expected(history: &[Fact], card: Card) -> (Payment, Vec<Said>) {
    let heard = |fact: &Fact| history.iter().position(|it| it == fact);
    let charged_at = heard(&created()).zip(heard(&Fact::Reserved)).map(|(a, b)| a.max(b));
    match (charged_at, heard(&Fact::CalledOff), card) {
        (None, None, _) => panic!("the history has all that a charge takes, or a cancellation"),
        (Some(charged), Some(off), _) if off < charged => (Payment::Withdrawn, vec![]),
        (None, Some(_), _) => (Payment::Withdrawn, vec![]),
        (Some(_), _, Card::Declines) => {
            (Payment::Declined(decline()), vec![Said::Failed(decline())])
        }
        (Some(_), Some(_), Card::Pays) => (
            Payment::Refunded(capture(), refund()),
            vec![Said::Completed(capture()), Said::Refunded(capture(), refund())],
        ),
        (Some(_), None, Card::Pays) => {
            (Payment::Captured(capture()), vec![Said::Completed(capture())])
        }
    }
}

/// What a payment of a card that pays has said when it ended like this, reviews apart.
fn said_by_the_end(payment: &Payment) -> Vec<Said> {
    match payment {
        Payment::Withdrawn => vec![],
        Payment::Revoked => vec![Said::revoked()],
        Payment::Refunded(capture, refund) => {
            vec![capture.said(), Said::Refunded(capture.clone(), refund.clone())]
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
        | Payment::RefundInReview(_) => panic!("{payment:?} is no end of an order called off"),
    }
}

proptest! {
    #[test]
    fn whatever_comes_when_and_how_often_the_end_is_the_models(
        history in prop_oneof![
            histories(vec![created(), Fact::Reserved, Fact::Resumed]),
            histories(vec![created(), Fact::Reserved, Fact::CalledOff, Fact::Resumed]),
            histories(vec![created(), Fact::CalledOff]),
        ],
        card in prop_oneof![Just(Card::Pays), Just(Card::Declines)],
    ) {
        let world = World::run(&history, card, &[]);
        prop_assert_eq!((world.payment, world.said), expected(&history, card));
    }

    #[test]
    fn whatever_is_lost_no_money_stays_that_should_not(
        history in histories(vec![created(), Fact::Reserved, Fact::CalledOff, Fact::Resumed]),
        mishaps in provider::mishaps(),
        reports in any::<bool>(),
    ) {
        let world = World::run_with(&history, Card::Pays, &mishaps, reports);
        prop_assert_eq!(world.payment.due(), None, "everything comes to an end");
        prop_assert!(world.captures.len() <= 1);
        prop_assert_eq!(&world.refunds, &world.captures);
        prop_assert_eq!(world.unreserved_charges, 0);
        let is_review = |it: &Said| matches!(it, Said::NeedsReview(..));
        prop_assert!(!world.said.last().is_some_and(is_review), "a review is not the last word");
        let (reviews, others): (Vec<_>, Vec<_>) = world.said.into_iter().partition(is_review);
        prop_assert_eq!(reviews.len(), world.given_up);
        prop_assert_eq!(others, said_by_the_end(&world.payment));
    }

    #[test]
    fn whatever_is_lost_an_order_that_stands_is_charged_once(
        history in histories(vec![created(), Fact::Reserved, Fact::Resumed]),
        mishaps in provider::mishaps(),
    ) {
        let world = World::run(&history, Card::Pays, &mishaps);
        prop_assert_eq!(world.payment, Payment::Captured(capture()));
        prop_assert_eq!(world.captures, vec![TOTAL]);
        prop_assert_eq!(world.refunds, vec![]);
        prop_assert_eq!((world.unreserved_charges, world.given_up), (0, 0));
    }
}
