use runtime::Done::{Duplicate, Handled};

use catalogue::Event;

use super::*;
use crate::Samples;

const SAMPLES: Samples = Samples::of("inventory");

fn queues(replay: ReplayPolicy) -> Queues {
    Queues::of("inventory", replay)
}

fn ending(
    end: impl Fn() -> Result<Done, Failure> + Clone,
) -> impl Service<Delivery<Event>, Response = Done, Error = Failure> + Clone {
    service_fn(move |_| std::future::ready(end()))
}

#[tokio::test]
async fn each_record_ends_in_one_way() {
    let queues = queues(ReplayPolicy::Refuse);
    let consume = async |name, end: Result<Done, fn() -> Failure>| {
        queues.consume(SAMPLES.read(name), ending(move || end.map_err(|failure| failure()))).await
    };
    assert_eq!(consume("order-created", Ok(Handled)).await, [End::Done(Handled)]);
    assert_eq!(consume("order-created", Ok(Duplicate)).await, [End::Done(Duplicate)]);
    assert_eq!(consume("order-created", Err(|| Failure::retry("later"))).await, [End::Retry]);
    assert_eq!(consume("replayed", Ok(Handled)).await, [End::Skipped]);
    assert!(queues.dead_letters().is_empty());
    assert_eq!(
        consume("order-created", Err(|| Failure::permanent("bad"))).await,
        [End::DeadLettered]
    );
    let [dead_lettered] = queues.dead_letters().try_into().unwrap();
    assert_eq!(text_attribute(&dead_lettered, "consumer"), "inventory");
    assert!(text_attribute(&dead_lettered, "reason").contains("bad"));
}

#[tokio::test]
async fn what_was_parked_before_does_not_hide_how_a_record_ends_now() {
    let queues = queues(ReplayPolicy::Refuse);
    let batch: SqsEvent = SAMPLES.read("order-created");
    let poison = queues.consume(batch.clone(), ending(|| Err(Failure::permanent("bad")))).await;
    assert_eq!(poison, [End::DeadLettered]);
    let retry = queues.consume(batch.clone(), ending(|| Err(Failure::retry("later")))).await;
    assert_eq!(retry, [End::Retry]);
    assert_eq!(queues.consume(batch, ending(|| Ok(Handled))).await, [End::Done(Handled)]);
}

#[tokio::test]
async fn a_projection_consumes_replays() {
    let queues = queues(ReplayPolicy::Accept);
    let ends = queues.consume(SAMPLES.read("replayed"), ending(|| Ok(Handled))).await;
    assert_eq!(ends, [End::Done(Handled)]);
}

#[test]
#[should_panic(expected = "are not all of")]
fn a_failure_of_no_record_is_an_error() {
    let mut response = SqsBatchResponse::default();
    response.add_failure("unknown");
    ends(&SAMPLES.read("order-created"), &response, &[], &mut Vec::new());
}
