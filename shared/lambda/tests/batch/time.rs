//! What becomes of a batch for which an invocation has too little time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lambda_events::sqs::SqsMessage;
use lambda::batch::{LeaveToRedrive, Queue, TableStream};
use runtime::{Done, Failure, with_deadline};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tower::{Service, service_fn};

use crate::records::{
    FIFO, Numbered, STANDARD, change, changes, checkpoint, key, message, messages, named,
    sequence_number,
};

/// A service that takes so many seconds for each record, and the numbers of those it has begun.
fn slow<R: Numbered>(
    seconds: impl Fn(usize) -> u64 + Clone,
) -> (impl Service<R, Response = Done, Error = Failure> + Clone, Arc<Mutex<Vec<usize>>>) {
    let begun: Arc<Mutex<Vec<usize>>> = Arc::default();
    let log = Arc::clone(&begun);
    let service = service_fn(move |record: R| {
        log.lock().unwrap().push(record.number());
        let takes = Duration::from_secs(seconds(record.number()));
        async move {
            sleep(takes).await;
            Ok(Done::Handled)
        }
    });
    (service, begun)
}

fn named_numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| format!("message-{number}")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_to_begin_comes_again() {
    for (queue, records, each, left, handled) in [
        (STANDARD, 8, 3, 10, 3),
        (FIFO, 8, 3, 10, 3),
        (STANDARD, 8, 3, 9, 2),
        (STANDARD, 8, 3, 60, 8),
        (STANDARD, 8, 0, 1, 8),
        (STANDARD, 2, 1, 0, 0),
    ] {
        let (service, begun) = slow::<SqsMessage>(move |_| each);
        let batch = messages((0..records).map(|number| message(queue, number, Some("one"))));
        let started = Instant::now();
        let queue = Queue::new(service).key(key);
        let response = with_deadline(Duration::from_secs(left), queue.handle(batch)).await;
        assert!(left == 0 || started.elapsed() < Duration::from_secs(left), "{left}");
        assert_eq!(named(&response), named_numbers(handled, records), "{left}");
        assert_eq!(*begun.lock().unwrap(), (0..handled).collect::<Vec<_>>(), "{left}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_outlasts_the_time_does_not_cost_the_others_theirs() {
    // The second of one group hangs; the other group is done.
    let (service, begun) = slow::<SqsMessage>(|number| if number == 1 { 900 } else { 1 });
    let groups = ["a", "a", "a", "b", "b"].into_iter().enumerate();
    let batch = messages(groups.map(|(number, group)| message(FIFO, number, Some(group))));
    let started = Instant::now();
    let response = with_deadline(Duration::from_secs(5), Queue::new(service).handle(batch)).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(named(&response), ["message-1", "message-2"]);
    assert_eq!(begun.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_nothing_is_cut_short() {
    let (service, _) = slow::<SqsMessage>(|_| 600);
    let batch = messages((0..3).map(|number| message(STANDARD, number, Some("one"))));
    assert_eq!(named(&Queue::new(service).key(key).handle(batch).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_stands_where_its_time_ended() {
    let (service, _) = slow(|_| 2);
    let batch = changes((0..5).map(|number| change(number, json!({ "id": { "S": "one" } }))));
    let stream = TableStream::new(service, LeaveToRedrive);
    let response = with_deadline(Duration::from_secs(7), stream.handle(batch)).await;
    assert_eq!(checkpoint(&response), Some(Some(sequence_number(3).as_str())));
}
