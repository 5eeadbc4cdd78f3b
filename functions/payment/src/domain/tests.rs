use proptest::{prelude::*, sample::subsequence};

use super::*;

mod provider;

use provider::World;

fn charge() -> Charge {
    let customer = AggregateId::parse("user-123").unwrap();
    Charge { amount: Money::usd(10_997), customer, payment_method: Some("pm_card_visa".into()) }
}

fn created() -> Fact {
    Fact::Created(charge())
}

fn captured() -> Fact {
    Fact::Captured { payment_id: "pi_1".into(), amount: Money::usd(10_997) }
}

fn declined() -> Fact {
    Fact::Declined { code: "card_declined".into(), reason: "no".into() }
}

fn refunded() -> Fact {
    Fact::Refunded { refund_id: "re_1".into(), amount: Money::usd(10_997) }
}

fn refund() -> Effect {
    Effect::Refund(Refund { payment_id: "pi_1".into(), amount: Money::usd(10_997) })
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

fn completed() -> Said {
    Said::Completed { payment_id: "pi_1".into(), amount: Money::usd(10_997) }
}

fn given_back() -> Said {
    Said::Refunded {
        payment_id: "pi_1".into(),
        refund_id: "re_1".into(),
        amount: Money::usd(10_997),
    }
}

#[test]
fn a_charge_waits_for_the_order_and_its_stock() {
    assert_eq!(hear(&[created()]), (vec![], None));
    assert_eq!(hear(&[Fact::Reserved]), (vec![], None));
    let due = Some(Effect::Charge(charge()));
    assert_eq!(hear(&[created(), Fact::Reserved]), (vec![], due.clone()));
    assert_eq!(hear(&[Fact::Reserved, created()]), (vec![], due));
}

#[test]
fn the_answer_ends_the_charge_and_is_said_once() {
    let paid = [created(), Fact::Reserved, captured()];
    assert_eq!(hear(&paid), (vec![completed()], None));
    assert_eq!(hear(&[paid.as_slice(), &paid].concat()), (vec![completed()], None));
    let failed = Said::Failed { code: "card_declined".into(), reason: "no".into() };
    let refused = [created(), Fact::Reserved, declined()];
    assert_eq!(hear(&refused), (vec![failed.clone()], None));
    let called_off = [refused.as_slice(), &[Fact::Cancelled, captured()]].concat();
    assert_eq!(hear(&called_off), (vec![failed], None));
}

#[test]
fn an_order_that_was_called_off_first_is_never_charged() {
    for off in [Fact::Cancelled, Fact::ShippingFailed] {
        assert_eq!(hear(&[off.clone(), created(), Fact::Reserved]), (vec![], None));
        assert_eq!(hear(&[created(), off.clone(), Fact::Reserved]), (vec![], None));
        assert_eq!(hear(&[Fact::Reserved, off, created()]), (vec![], None));
    }
}

#[test]
fn what_was_captured_goes_back_when_the_order_is_called_off() {
    for off in [Fact::Cancelled, Fact::ShippingFailed] {
        let mut facts = vec![created(), Fact::Reserved, captured(), off];
        assert_eq!(hear(&facts), (vec![completed()], Some(refund())));
        facts.push(refunded());
        assert_eq!(hear(&facts), (vec![completed(), given_back()], None));
        facts.extend([Fact::Cancelled, Fact::ShippingFailed, refunded()]);
        assert_eq!(hear(&facts), (vec![completed(), given_back()], None));
    }
}

#[test]
fn a_charge_under_way_is_revoked_and_not_forgotten() {
    let mut facts = vec![created(), Fact::Reserved, Fact::Cancelled];
    assert_eq!(hear(&facts), (vec![], Some(Effect::Revoke(charge()))));
    facts.push(Fact::Revoked);
    assert_eq!(hear(&facts), (vec![], None));
    facts.push(captured());
    assert_eq!(hear(&facts), (vec![], None));
}

#[test]
fn a_capture_that_comes_back_after_the_cancel_is_refunded() {
    let late = [created(), Fact::Reserved, Fact::Cancelled, captured()];
    assert_eq!(hear(&late), (vec![completed()], Some(refund())));
}

#[test]
fn another_amount_than_was_asked_for_is_noticed() {
    let moved = Fact::Captured { payment_id: "pi_1".into(), amount: Money::usd(1) };
    let error = Effect::Charge(charge()).check(&moved).unwrap_err();
    assert_eq!(error.to_string(), "the provider moved 0.01 USD where 109.97 USD was asked for");
    Effect::Charge(charge()).check(&captured()).unwrap();
    Effect::Revoke(charge()).check(&moved).unwrap();
    let moved = Fact::Refunded { refund_id: "re_1".into(), amount: Money::usd(1) };
    refund().check(&moved).unwrap_err();
    refund().check(&refunded()).unwrap();
}

#[test]
fn a_stored_payment_is_read_back() {
    for facts in [
        vec![],
        vec![created(), Fact::Reserved, Fact::Cancelled],
        vec![created(), Fact::Reserved, captured(), Fact::Cancelled, refunded()],
        vec![created(), Fact::Reserved, declined()],
    ] {
        let payment = facts.iter().fold(Payment::default(), |it, fact| it.apply(fact).0);
        let text = serde_json::to_string(&payment).unwrap();
        assert_eq!(serde_json::from_str::<Payment>(&text).unwrap(), payment, "{text}");
    }
}

/// Facts in any order, with duplicates, among the moves of a world in which attempts are lost.
fn histories(facts: Vec<Fact>) -> impl Strategy<Value = Vec<Fact>> {
    let twice = [facts.clone(), facts.clone()].concat();
    (Just(facts), subsequence(twice.clone(), 0..=twice.len()))
        .prop_map(|(all, again)| [all, again].concat())
        .prop_shuffle()
}

proptest! {
    #[test]
    fn the_order_of_facts_does_not_matter(history in histories(vec![created(), Fact::Reserved])) {
        let world = World::run(&history, &[]);
        let expected = World::run(&[created(), Fact::Reserved], &[]);
        prop_assert_eq!(&world.payment, &expected.payment);
        prop_assert_eq!(world.said, expected.said);
        prop_assert_eq!(world.captures, vec![Money::usd(10_997)]);
    }

    #[test]
    fn whatever_is_lost_no_money_stays_that_should_not(
        history in histories(vec![created(), Fact::Reserved, Fact::Cancelled, Fact::ShippingFailed]),
        mishaps in provider::mishaps(),
    ) {
        let world = World::run(&history, &mishaps);
        prop_assert_eq!(world.payment.due(), None, "everything comes to an end");
        prop_assert!(world.captures.len() <= 1);
        prop_assert_eq!(&world.refunds, &world.captures);
        prop_assert_eq!(world.unreserved_charges, 0);
    }

    #[test]
    fn whatever_is_lost_an_order_that_stands_is_charged_once(
        history in histories(vec![created(), Fact::Reserved]),
        mishaps in provider::mishaps(),
    ) {
        let world = World::run(&history, &mishaps);
        prop_assert_eq!(world.captures, vec![Money::usd(10_997)]);
        prop_assert_eq!(world.refunds, vec![]);
        prop_assert_eq!(world.unreserved_charges, 0);
    }
}
