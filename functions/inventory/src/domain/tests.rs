use catalogue::Money;
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

/// What there was too little of.
fn short() -> Short {
    let shortage = Shortage { product_id: id("prod-001"), requested: 2, available: Some(1) };
    Short { shortages: vec![shortage] }
}

/// The table in the documentation of [`Reservation`]: a state, and what follows from each fact.
fn documented() -> Vec<(String, [String; 3])> {
    let lines = include_str!("../domain.rs").lines().skip_while(|it| *it != HEAD).skip(2);
    let rows = lines.map_while(|line| line.strip_prefix("/// | "));
    let cells = |row: &str| {
        let cells = row.trim_end_matches(" |").split(" | ").map(str::to_owned);
        let cells: Vec<String> = cells.collect();
        let [state, ordered, cancelled, shipped] = cells.try_into().unwrap();
        (state, [ordered, cancelled, shipped])
    };
    rows.map(cells).collect()
}

const HEAD: &str = "/// | | ordered | cancelled | shipped |";

#[test]
fn every_fact_has_the_consequence_that_is_documented() {
    let states = [
        Reservation::Absent,
        Reservation::Reserved(holding()),
        Reservation::Failed(short()),
        Reservation::Released,
        Reservation::Shipped,
        Reservation::Withdrawn,
    ];
    let name = |state: &Reservation| match state {
        Reservation::Absent => "*absent*",
        Reservation::Reserved(_) => "reserved",
        Reservation::Failed(_) => "failed",
        Reservation::Released => "released",
        Reservation::Shipped => "shipped",
        Reservation::Withdrawn => "withdrawn",
    };
    let consequence = |step| {
        let text = match step {
            Step::Reserve(wanted) if wanted == items(2) => "reserve: reserved or failed",
            Step::Release(held) if held == holding() => "released",
            Step::Ship(held) if held == holding() => "shipped",
            Step::Withdraw => "withdrawn",
            Step::Wait => "later",
            Step::Contradiction => "dead-lettered",
            Step::Nothing => "–",
            other @ (Step::Reserve(_) | Step::Release(_) | Step::Ship(_)) => panic!("{other:?}"),
        };
        text.to_owned()
    };
    let row = |state: Reservation| {
        let facts = [Fact::Ordered(items(2)), Fact::Cancelled, Fact::Shipped];
        (name(&state).to_owned(), facts.map(|fact| consequence(state.decide(&fact))))
    };
    assert_eq!(states.map(row).to_vec(), documented());
}

#[test]
fn what_is_held_lies_in_its_rows() {
    let holding = holding();
    let one = id("prod-001");
    let two = id("prod-002");
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
        Failed,
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

    let row = json!({ "orderId": "order-1", "status": "failed" });
    let nobody_said = Reservation::Failed(Short::default());
    assert_eq!(serde_json::from_value::<Reservation>(row).unwrap(), nobody_said);
    let row = json!(Reservation::Failed(short()));
    assert_eq!(serde_json::from_value::<Earlier>(row).unwrap(), Earlier::Failed);
}
