//! What no table can hold, in an event that is to be published.

use event_envelope::{LEVELS_MAX, Unstorable};
use idempotency::{Attempt, IdempotencyError, UnitOfWork};
use local_dynamodb::FaultPlan;
use serde_json::{Value, json};

use crate::{
    handlers::{count_up, deliver},
    world::{RECORDS, World, answer, assert_permanent, delivery},
};

/// How many lists and maps lie around the data of an event that is to be published.
const AROUND: usize = 2;

/// Objects inside each other, `levels` of them.
fn deep(levels: usize) -> Value {
    (0..levels).fold(json!("x"), |inner, _| json!({ "n": inner }))
}

/// Delivers to a handler that publishes `data`, in both modes: the results, and DynamoDB's.
async fn publish(data: &Value) -> Result<Vec<Value>, runtime::Failure> {
    let mut published = Vec::new();
    for leased in [false, true] {
        let (world, plan) = (World::new().await, FaultPlan::none());
        let guarded = if leased { World::leased } else { World::transactional };
        let layer = guarded(&world, plan.clone());
        let data = data.clone();
        let handler = move |attempt: Attempt<event_envelope::Delivery>| {
            let event = answer(&attempt.request.envelope, data.clone());
            let unit = UnitOfWork::new("published".to_owned()).write(count_up("a"));
            std::future::ready(Ok(unit.publish(event)))
        };
        if let Err(failure) = deliver(&layer, delivery(), handler).await {
            assert_eq!(plan.calls(), if leased { 2 } else { 0 }, "a claim and its release");
            assert_eq!(world.count("a").await, 0);
            return Err(failure);
        }
        published.extend(world.outgoing(RECORDS).concat().into_iter().map(|event| event.data));
    }
    Ok(published)
}

#[tokio::test]
async fn what_no_table_holds_is_named_before_it_is_asked() {
    for (data, named) in [
        (deep(LEVELS_MAX - AROUND), "30 levels"),
        (deep(60), "30 levels"),
        (json!({ "": 1 }), "data has a member with an empty name"),
        (json!({ "a": [{ "b": { "": {} } }] }), "data.a[0].b has a member with an empty name"),
        (json!({ "n": 1e300 }), "data.n is 1e"),
        (json!({ "n": 1e126 }), "data.n is 1e"),
        (json!({ "n": [0, -1e-200] }), "data.n[1] is -1e-200"),
    ] {
        let failure = publish(&data).await.unwrap_err();
        let error = IdempotencyError::of(&failure);
        assert!(matches!(error, Some(IdempotencyError::Unstorable { .. })), "{failure}");
        assert!(failure.to_string().contains("the event Counted cannot be stored"), "{failure}");
        assert_permanent(Err::<(), _>(failure), named);
    }
    let failure = publish(&deep(31)).await.unwrap_err();
    let Some(IdempotencyError::Unstorable { source, .. }) = IdempotencyError::of(&failure) else {
        panic!("{failure}")
    };
    assert!(matches!(source, Unstorable::TooDeep { levels_max: 30, .. }), "{source}");
}

#[tokio::test]
async fn what_just_fits_is_read_again_as_it_was() {
    for data in [
        // The value at the end is a level, too.
        deep(LEVELS_MAX - AROUND - 1),
        json!({ "a": "", "b": {}, "c": [], "d": "\u{0}", "items": 1, "ttl": 2, "😀": "é" }),
        json!({ "n": u64::MAX, "m": i64::MIN, "x": 0.1 }),
    ] {
        assert_eq!(publish(&data).await.unwrap(), [data.clone(), data]);
    }
}
