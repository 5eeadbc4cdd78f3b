use proptest::{prelude::*, sample::subsequence};

use super::*;

mod depot;

use depot::World;

fn created() -> Fact {
    Fact::Created { address: AggregateId::parse("addr_1").unwrap() }
}

fn shipment() -> Shipment {
    Shipment {
        shipment_id: "shp_1".into(),
        carrier: "UPS".into(),
        tracking_number: "1Z999AA10123456784".into(),
    }
}

fn shipped() -> Fact {
    Fact::Shipped(shipment())
}

fn refused() -> Fact {
    Fact::Refused { code: "address_undeliverable".into(), reason: "nobody there".into() }
}

/// What a shipment that heard `facts` said in all, and what it has due.
fn hear(facts: &[Fact]) -> (Vec<Said>, Option<Effect>) {
    let mut said = Vec::new();
    let mut dispatch = Dispatch::default();
    for fact in facts {
        let (next, news) = dispatch.apply(fact);
        dispatch = next;
        said.extend(news);
    }
    (said, dispatch.due())
}

fn called_back() -> Said {
    let reason = "the order was cancelled, and its shipment called back".into();
    Said::Failed { code: CANCELLED.into(), reason }
}

#[test]
fn a_shipment_waits_for_the_order_and_its_payment() {
    assert_eq!(hear(&[created()]), (vec![], None));
    assert_eq!(hear(&[Fact::Paid]), (vec![], None));
    let due = Some(Effect::Ship { address: AggregateId::parse("addr_1").unwrap() });
    assert_eq!(hear(&[created(), Fact::Paid]), (vec![], due.clone()));
    assert_eq!(hear(&[Fact::Paid, created()]), (vec![], due));
}

#[test]
fn the_answer_ends_the_shipment_and_is_said_once() {
    let done = [created(), Fact::Paid, shipped()];
    let said = Said::Created(shipment());
    assert_eq!(hear(&done), (vec![said.clone()], None));
    assert_eq!(hear(&[done.as_slice(), &done].concat()), (vec![said], None));
    let said = Said::Failed { code: "address_undeliverable".into(), reason: "nobody there".into() };
    let done = [created(), Fact::Paid, refused()];
    assert_eq!(hear(&done), (vec![said.clone()], None));
    assert_eq!(
        hear(&[done.as_slice(), &[Fact::Cancelled, shipped()]].concat()),
        (vec![said], None)
    );
}

#[test]
fn an_order_that_was_cancelled_first_is_never_shipped() {
    for order in [
        [Fact::Cancelled, created(), Fact::Paid],
        [created(), Fact::Cancelled, Fact::Paid],
        [Fact::Paid, Fact::Cancelled, created()],
    ] {
        assert_eq!(hear(&order), (vec![], None), "{order:?}");
    }
}

#[test]
fn a_shipment_is_called_back_when_the_order_is_cancelled() {
    let mut facts = vec![created(), Fact::Paid, shipped(), Fact::Cancelled];
    let void = Effect::Void { shipment_id: "shp_1".into() };
    assert_eq!(hear(&facts), (vec![Said::Created(shipment())], Some(void)));
    facts.extend([Fact::Voided, Fact::Voided, Fact::Cancelled]);
    assert_eq!(hear(&facts), (vec![Said::Created(shipment()), called_back()], None));
}

#[test]
fn a_shipment_under_way_is_traced_and_not_forgotten() {
    let mut facts = vec![created(), Fact::Paid, Fact::Cancelled];
    assert_eq!(hear(&facts), (vec![], Some(Effect::Trace)));
    facts.push(Fact::NotShipped);
    assert_eq!(hear(&facts), (vec![], None));
}

#[test]
fn a_shipment_that_comes_back_after_the_cancel_is_called_back_and_not_announced() {
    let mut facts = vec![created(), Fact::Paid, Fact::Cancelled, shipped()];
    let void = Effect::Void { shipment_id: "shp_1".into() };
    assert_eq!(hear(&facts), (vec![], Some(void)));
    facts.push(Fact::Voided);
    assert_eq!(hear(&facts), (vec![called_back()], None));
}

#[test]
fn a_stored_shipment_is_read_back() {
    for facts in [
        vec![],
        vec![created(), Fact::Paid, Fact::Cancelled],
        vec![created(), Fact::Paid, shipped(), Fact::Cancelled, Fact::Voided],
        vec![created(), Fact::Paid, refused()],
    ] {
        let dispatch = facts.iter().fold(Dispatch::default(), |it, fact| it.apply(fact).0);
        let text = serde_json::to_string(&dispatch).unwrap();
        assert_eq!(serde_json::from_str::<Dispatch>(&text).unwrap(), dispatch, "{text}");
    }
}

/// Facts in any order, some of them twice or three times.
fn histories(facts: Vec<Fact>) -> impl Strategy<Value = Vec<Fact>> {
    let twice = [facts.clone(), facts.clone()].concat();
    (Just(facts), subsequence(twice.clone(), 0..=twice.len()))
        .prop_map(|(all, again)| [all, again].concat())
        .prop_shuffle()
}

proptest! {
    #[test]
    fn the_order_of_facts_does_not_matter(history in histories(vec![created(), Fact::Paid])) {
        let world = World::run(&history, &[]);
        let expected = World::run(&[created(), Fact::Paid], &[]);
        prop_assert_eq!(&world.dispatch, &expected.dispatch);
        prop_assert_eq!(world.said, expected.said);
    }

    #[test]
    fn whatever_is_lost_a_paid_order_is_shipped_once(
        history in histories(vec![created(), Fact::Paid]),
        mishaps in depot::mishaps(),
    ) {
        let world = World::run(&history, &mishaps);
        prop_assert_eq!((world.shipped, world.voided), (1, false));
        prop_assert_eq!(world.unpaid, 0);
    }

    #[test]
    fn whatever_is_lost_a_cancelled_order_stays_here(
        history in histories(vec![created(), Fact::Paid, Fact::Cancelled]),
        mishaps in depot::mishaps(),
    ) {
        let world = World::run(&history, &mishaps);
        prop_assert_eq!(world.dispatch.due(), None, "everything comes to an end");
        prop_assert!(world.shipped <= 1);
        prop_assert_eq!(world.voided, world.shipped == 1);
        prop_assert_eq!((world.unpaid, world.shipped_after_cancel), (0, 0));
    }
}
