//! Which records are of one item, and the response to a stream for a batch that is not as it
//! should be.

use aws_lambda_events::dynamodb::EventRecord;
use lambda::batch::{Disposition, LeaveToRedrive, TableStream};
use serde_json::{Value, json};

use crate::{
    plan::{End, Plan, Step},
    records::{change, changes, checkpoint, sequence_number},
};

fn plan(ends: &[End]) -> Plan {
    let step = |end: &End| Step { key: None, end: *end, yields: 1 };
    Plan::new(&ends.iter().map(step).collect::<Vec<_>>())
}

/// Fails the first of two records, and returns whether that holds back the second.
async fn is_one_item(first: EventRecord, second: EventRecord) -> bool {
    let plan = plan(&[End::Retry, End::Done]);
    let stream = TableStream::new(plan.service(), LeaveToRedrive);
    let response = stream.handle(changes([first, second])).await;
    assert_eq!(checkpoint(&response), Some(Some(sequence_number(0).as_str())));
    plan.seen().handled.len() == 1
}

#[tokio::test]
async fn an_item_is_one_by_its_whole_key() {
    let cart: [Value; 5] = [
        json!({ "customer": { "S": "7" }, "line": { "N": "1" } }),
        json!({ "customer": { "S": "7" }, "line": { "N": "2" } }),
        json!({ "customer": { "S": "8" }, "line": { "N": "1" } }),
        json!({ "customer": { "N": "7" }, "line": { "N": "1" } }),
        json!({ "customer": { "B": "Nw==" }, "line": { "N": "1" } }),
    ];
    for (left, first) in cart.iter().enumerate() {
        for (right, second) in cart.iter().enumerate() {
            let records = (change(0, first.clone()), change(1, second.clone()));
            assert_eq!(is_one_item(records.0, records.1).await, left == right, "{left}, {right}");
        }
    }
    let mut elsewhere = change(1, cart[0].clone());
    elsewhere.event_source_arn = Some("another table".to_owned());
    assert!(!is_one_item(change(0, cart[0].clone()), elsewhere).await);
}

#[tokio::test]
async fn records_that_name_no_item_may_be_of_the_same() {
    assert!(is_one_item(change(0, json!({})), change(1, Value::Null)).await);
}

#[tokio::test]
async fn an_empty_batch_is_done() {
    let stream = TableStream::new(plan(&[]).service(), LeaveToRedrive);
    assert_eq!(checkpoint(&stream.handle(changes([])).await), None);
}

#[tokio::test]
async fn a_failed_record_without_a_sequence_number_brings_the_whole_batch_again() {
    let records = || (0..3).map(|n| change(n, json!({ "id": { "N": n.to_string() } })));
    for nothing in [None, Some(String::new())] {
        let mut batch = changes(records());
        batch.records[2].change.sequence_number.clone_from(&nothing);
        let stream =
            TableStream::new(plan(&[End::Retry, End::Done, End::Done]).service(), LeaveToRedrive);
        let first = sequence_number(0);
        assert_eq!(checkpoint(&stream.handle(batch.clone()).await), Some(Some(first.as_str())));
        let stream =
            TableStream::new(plan(&[End::Retry, End::Done, End::Retry]).service(), LeaveToRedrive);
        assert_eq!(checkpoint(&stream.handle(batch).await), Some(nothing.as_deref()));
    }
}

#[tokio::test]
async fn the_lowest_number_is_named_wherever_it_stands() {
    let [ten, nine] = [5, 4].map(sequence_number);
    assert!(ten < nine, "as texts they sort the wrong way");
    let padded = format!("000{nine}");
    for (numbers, lowest) in [([&ten, &nine], &nine), ([&ten, &padded], &padded)] {
        let records = numbers.into_iter().enumerate().map(|(n, number)| {
            let mut record = change(n, json!({ "id": { "N": n.to_string() } }));
            record.change.sequence_number = Some(number.clone());
            record
        });
        let stream = TableStream::new(plan(&[End::Retry; 2]).service(), LeaveToRedrive);
        let response = stream.handle(changes(records)).await;
        assert_eq!(checkpoint(&response), Some(Some(lowest.as_str())));
    }
}

#[tokio::test]
async fn poison_stops_its_item_unless_it_is_dead_lettered() {
    let batch = || changes((0..2).map(|n| change(n, json!({ "id": { "S": "a" } }))));
    for (disposition, handled) in
        [(Ok(Disposition::DeadLettered), 2), (Ok(Disposition::Left), 1), (Err(()), 1)]
    {
        let plan = plan(&[End::Poison(disposition), End::Done]);
        let response = TableStream::new(plan.service(), plan.poison()).handle(batch()).await;
        assert_eq!(checkpoint(&response).is_some(), handled == 1);
        assert_eq!(plan.seen().handled.len(), handled);
    }
    let plan = plan(&[End::Poison(Ok(Disposition::DeadLettered)), End::Done]);
    let response = TableStream::new(plan.service(), LeaveToRedrive).handle(batch()).await;
    assert_eq!(checkpoint(&response), Some(Some(sequence_number(0).as_str())));
}

#[tokio::test]
async fn a_batch_may_be_handled_on_any_thread() {
    let plan = plan(&[End::Done]);
    let stream = TableStream::new(plan.service(), plan.poison());
    let batch = changes([change(0, json!({ "id": { "S": "a" } }))]);
    let response = tokio::spawn(async move { stream.handle(batch).await }).await.unwrap();
    assert_eq!(checkpoint(&response), None);
}
