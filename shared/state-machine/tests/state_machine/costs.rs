//! What an input costs: the table in the crate's documentation.

use local_dynamodb::{Capacity, FaultPlan};

use crate::parcel::{Command, Depot, Input, first};

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
async fn an_input_costs_one_write_and_its_command_one_more_and_one_read_each() {
    let depot = Depot::new().await;
    let mut marks = vec![depot.world.database.capacity()];
    for input in [Input::Packed, Input::Packed, Input::Paid, Input::Paid] {
        depot.handle(input).await.unwrap();
        marks.push(depot.world.database.capacity());
    }
    let costs: Vec<_> = marks.windows(2).map(|pair| cost(pair[0], pair[1])).collect();
    // What the command led to is applied to the item as it is then; what was written is not read
    // again. An item keeps what it published, and stays below the kilobyte of one unit.
    assert_eq!(costs, [(1.0, 1, 1.0), (0.0, 0, 1.0), (2.0, 2, 2.0), (0.0, 0, 1.0)]);
}

#[tokio::test]
async fn a_command_that_follows_from_another_costs_two_writes_and_one_read_more() {
    let depot = Depot::new().await;
    for input in [Input::Packed, Input::Recalled] {
        depot.handle(input).await.unwrap();
    }
    let before = depot.world.database.capacity();
    let plan = FaultPlan::none();
    depot.with(plan.clone()).handle(Input::Paid).await.unwrap();
    assert_eq!(depot.carrier.asked(), [first(Command::Send), first(Command::Fetch)]);
    assert_eq!(cost(before, depot.world.database.capacity()), (4.0, 4, 3.0));
    assert_eq!(plan.calls(), 7, "each is one round trip");
}
