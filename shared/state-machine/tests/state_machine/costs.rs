//! What a fact costs: the table in the crate's documentation.

use local_dynamodb::Capacity;

use crate::parcel::{Depot, Fact};

/// Write units, write requests and read units.
type Cost = (f64, u64, f64);

fn cost(before: Capacity, after: Capacity) -> Cost {
    (
        after.write_units - before.write_units,
        after.write_requests - before.write_requests,
        after.read_units - before.read_units,
    )
}

#[tokio::test]
async fn a_hosted_record_costs_one_write_a_fact_and_one_more_for_its_effect() {
    let depot = Depot::new().await;
    let mut marks = vec![depot.world.database.capacity()];
    for fact in [Fact::Packed, Fact::Packed, Fact::Paid, Fact::Paid] {
        depot.hear(fact).await.unwrap();
        marks.push(depot.world.database.capacity());
    }
    let costs: Vec<_> = marks.windows(2).map(|pair| cost(pair[0], pair[1])).collect();
    // An effect is followed by a look at the row as it is then, and at what is due next. A row keeps
    // what it published, and stays below the kilobyte of one unit.
    assert_eq!(costs, [(1.0, 1, 1.0), (0.0, 0, 1.0), (2.0, 2, 3.0), (0.0, 0, 1.0)]);
}
