//! Any batch, against a model that handles one record after the other.

use std::{collections::BTreeSet, num::NonZeroUsize};

use lambda::batch::{Queue, TableStream};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    plan::{Plan, Seen, Step, steps},
    records::{
        FIFO, STANDARD, change, changes, checkpoint, key, message, messages, named, sequence_number,
    },
};

/// Which records are handled, and which are to be delivered again, in the order of the batch.
fn model(steps: &[Step], is_strict: bool) -> (Vec<usize>, Vec<usize>) {
    let mut handled = Vec::new();
    let mut failed = Vec::new();
    let mut closed: BTreeSet<&str> = BTreeSet::new();
    for (number, step) in steps.iter().enumerate() {
        let key = step.key.as_deref();
        if key.is_some_and(|key| closed.contains(key)) {
            failed.push(number);
            continue;
        }
        handled.push(number);
        if step.fails() {
            failed.push(number);
            if is_strict {
                closed.extend(key);
            }
        }
    }
    (handled, failed)
}

/// What holds of every source: the right records were handled, those of a key one after the other
/// and in order, and as many keys side by side as may be.
fn check(steps: &[Step], seen: &Seen, handled: &[usize], concurrency_max: NonZeroUsize) {
    let mut sorted = seen.handled.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, handled);
    assert_eq!(seen.clashes, []);
    let keys: BTreeSet<_> = steps.iter().filter_map(|step| step.key.as_deref()).collect();
    for key in &keys {
        let of_key: Vec<_> =
            seen.handled.iter().filter(|it| steps[**it].key.as_deref() == Some(key)).collect();
        assert!(of_key.is_sorted(), "{key}: {of_key:?}");
    }
    let alone = steps.iter().filter(|step| step.key.is_none()).count();
    assert_eq!(seen.most, concurrency_max.get().min(keys.len() + alone));
    let is_poison = |number: &&usize| matches!(steps[**number].end, crate::plan::End::Poison(_));
    assert_eq!(seen.poison, handled.iter().filter(is_poison).copied().collect());
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn check_queue(arn: &str, is_strict: bool, steps: &[Step], concurrency_max: NonZeroUsize) {
    let plan = Plan::new(steps);
    let queue = Queue::new(plan.service())
        .on_poison(plan.poison())
        .key(key)
        .concurrency_max(concurrency_max);
    let batch = steps.iter().enumerate().map(|(n, step)| message(arn, n, step.key.as_deref()));
    let response = block_on(queue.handle(messages(batch)));

    let (handled, failed) = model(steps, is_strict);
    check(steps, &plan.seen(), &handled, concurrency_max);
    let expected: Vec<_> = failed.iter().map(|number| format!("message-{number}")).collect();
    assert_eq!(named(&response), expected);
}

proptest! {
    #[test]
    fn a_standard_queue(steps in steps(), concurrency_max in 1_usize..8) {
        check_queue(STANDARD, false, &steps, NonZeroUsize::new(concurrency_max).unwrap());
    }

    #[test]
    fn a_fifo_queue(steps in steps(), concurrency_max in 1_usize..8) {
        check_queue(FIFO, true, &steps, NonZeroUsize::new(concurrency_max).unwrap());
    }

    #[test]
    fn a_tables_stream(mut steps in steps(), concurrency_max in 1_usize..8) {
        // Every change is of an item.
        for (number, step) in steps.iter_mut().enumerate() {
            step.key.get_or_insert_with(|| format!("alone-{number}"));
        }
        let plan = Plan::new(&steps);
        let concurrency_max = NonZeroUsize::new(concurrency_max).unwrap();
        let stream = TableStream::new(plan.service(), plan.poison()).concurrency_max(concurrency_max);
        let batch = steps.iter().enumerate();
        let batch = batch.map(|(number, step)| change(number, json!({ "id": { "S": step.key } })));
        let response = block_on(stream.handle(changes(batch)));

        let (handled, failed) = model(&steps, true);
        check(&steps, &plan.seen(), &handled, concurrency_max);
        let lowest = failed.first().map(|number| sequence_number(*number));
        prop_assert_eq!(checkpoint(&response).map(Option::unwrap), lowest.as_deref());
    }
}
