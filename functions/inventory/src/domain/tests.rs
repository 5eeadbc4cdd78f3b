use events::Money;
use serde_json::json;

use super::*;

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn items(quantity: u32) -> Vec<ReservedItem> {
    vec![ReservedItem { product_id: id("prod-001"), quantity }]
}

fn part(shard: u8, quantity: u32) -> Part {
    Part { shard, quantity }
}

/// Two from the product's own row, one from a shard of another.
fn holding() -> Holding {
    let own = Held { product_id: id("prod-001"), quantity: 2, parts: vec![] };
    let spread =
        Held { product_id: id("prod-002"), quantity: 3, parts: vec![part(4, 1), part(0, 2)] };
    Holding { items: vec![own, spread], counted: true }
}

/// What follows, as the table in the documentation of [`Reservation`] has it.
#[test]
fn every_fact_has_one_consequence_in_every_state() {
    let reserved = Reservation::Reserved(holding());
    let (reserve, release) = (Step::Reserve(items(2)), Step::Release(holding()));
    let (nothing, parked) = (Step::Nothing, Step::Contradiction);
    let table = [
        (Reservation::Absent, [reserve, Step::Withdraw, Step::Wait]),
        (reserved, [nothing.clone(), release, Step::Ship(holding())]),
        (Reservation::Failed, [nothing.clone(), nothing.clone(), parked.clone()]),
        (Reservation::Released, [nothing.clone(), nothing.clone(), parked.clone()]),
        (Reservation::Shipped, [nothing.clone(), parked.clone(), nothing.clone()]),
        (Reservation::Withdrawn, [nothing.clone(), nothing, parked]),
    ];
    for (state, steps) in table {
        let facts = [Fact::Ordered(items(2)), Fact::CalledOff, Fact::Shipped];
        assert_eq!(facts.map(|fact| state.decide(&fact)), steps, "{state:?}");
    }
}

#[test]
fn what_is_held_lies_in_its_rows() {
    let holding = holding();
    let (one, two) = (id("prod-001"), id("prod-002"));
    let parts = [(&one, part(0, 2)), (&two, part(4, 1)), (&two, part(0, 2))];
    assert_eq!(holding.parts(), parts);
}

#[test]
fn what_goes_back_goes_where_it_came_from_unless_that_is_gone() {
    let back = |product: &str, shard, quantity, counted| Return {
        product_id: id(product),
        shard,
        quantity,
        counted,
    };
    let all = [back("prod-001", 0, 2, 2), back("prod-002", 4, 1, 1), back("prod-002", 0, 2, 2)];
    assert_eq!(holding().returns(|_| false), all);
    // One write a row, in whichever order they come.
    let without = [back("prod-001", 0, 2, 2), back("prod-002", 0, 3, 2)];
    assert_eq!(holding().returns(|part| part == 1), without);
    let uncounted = Holding { counted: false, ..holding() };
    let all = [back("prod-001", 0, 2, 0), back("prod-002", 4, 1, 0), back("prod-002", 0, 2, 0)];
    assert_eq!(uncounted.returns(|_| false), all);
}

#[test]
fn lines_of_one_product_are_one_demand() {
    let line =
        |quantity| LineItem { product_id: id("prod-001"), quantity, unit_price: Money::usd(1) };
    assert_eq!(merged(&[line(2), line(3)]), items(5));
}

#[test]
fn a_row_of_an_earlier_version_is_read_and_one_of_this_is_read_by_it() {
    /// As versions without shards read it.
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "status", rename_all = "camelCase")]
    enum Earlier {
        Reserved { items: Vec<ReservedItem> },
    }
    let row = json!({
        "orderId": "order-1",
        "status": "reserved",
        "items": [{ "productId": "prod-001", "quantity": 2 }],
    });
    let held = Held { product_id: id("prod-001"), quantity: 2, parts: vec![] };
    let expected = Reservation::Reserved(Holding { items: vec![held], counted: false });
    assert_eq!(serde_json::from_value::<Reservation>(row).unwrap(), expected);

    let row = json!(Reservation::Reserved(holding()));
    let all = Earlier::Reserved { items: holding().reserved_items() };
    assert_eq!(serde_json::from_value::<Earlier>(row).unwrap(), all);
}
