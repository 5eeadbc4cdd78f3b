//! Where events go, and what happens when they do not get there.

use std::{sync::Arc, time::Duration};

use local_eventbridge::{
    ArchiveSpec, Backoff, Clock, Deliver, DeliveryError, Disorder, EventBridge, Options,
    RetryPolicy,
};
use serde_json::json;
use time::OffsetDateTime;

use crate::world::{
    DEAD_LETTERS, QUEUE, Targets, bus, put, quick, rule, settled, target, topology,
};

fn refuse_for_now(_: usize) -> Result<(), DeliveryError> {
    Err(DeliveryError::Retryable("queue is full".to_owned()))
}

fn refuse_for_good(_: usize) -> Result<(), DeliveryError> {
    Err(DeliveryError::Permanent("no such queue".to_owned()))
}

/// A bus whose one target has this retry policy.
fn with_retry(targets: &Arc<Targets>, retry: RetryPolicy, options: Options) -> EventBridge {
    let mut inventory = rule("inventory", json!({"source": ["order-service"]}));
    inventory.targets[0].retry = retry;
    EventBridge::new(topology(vec![inventory]), Arc::clone(targets) as Arc<dyn Deliver>, options)
        .unwrap()
}

/// The attributes of the only dead letter, but for the ARNs, which are as they should be.
fn only_dead_letter(targets: &Targets) -> Vec<(&'static str, String)> {
    let letters = targets.dead_letters.lock().unwrap();
    let [(queue, event, attributes)] = letters.as_slice() else {
        panic!("one dead letter: {letters:?}");
    };
    assert_eq!(queue, DEAD_LETTERS);
    assert_eq!(event["detail"], json!({"n": 0}));
    let rule = "arn:aws:events:us-east-1:000000000000:rule/orders/inventory";
    assert_eq!(attributes[0], ("RULE_ARN", rule.to_owned()));
    assert_eq!(attributes[1], ("TARGET_ARN", QUEUE.to_owned()));
    attributes[2..].to_vec()
}

fn attributes(expected: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    expected.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[tokio::test]
async fn an_event_goes_to_each_target_of_each_matching_rule() {
    let targets = Targets::accepting();
    let mut both = rule("both", json!({"detail-type": ["OrderCreated"]}));
    both.targets.push(target("again"));
    let mut disabled = rule("disabled", json!({"source": ["order-service"]}));
    disabled.enabled = false;
    let mut elsewhere = rule("elsewhere", json!({"source": ["order-service"]}));
    elsewhere.bus = "default".to_owned();
    let other = rule("other", json!({"source": ["payment-service"]}));
    let rules = vec![both, disabled, elsewhere, other];
    let bus = EventBridge::new(topology(rules), Arc::clone(&targets) as Arc<dyn Deliver>, quick())
        .unwrap();
    put(&bus, 0..3).await;
    settled(&bus).await;
    assert_eq!(targets.received.lock().unwrap().len(), 6);
    let stats = bus.stats();
    assert_eq!((stats.put, stats.matched, stats.delivered), (3, 3, 6));
}

#[tokio::test]
async fn a_target_that_recovers_gets_the_event() {
    let targets =
        Targets::answering(|attempt| if attempt < 3 { refuse_for_now(0) } else { Ok(()) });
    let bus = bus(&targets, quick());
    put(&bus, 0..1).await;
    settled(&bus).await;
    assert_eq!(targets.numbers(), [0]);
    assert_eq!((bus.stats().retried, bus.stats().delivered), (3, 1));
    assert!(targets.dead_letters.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_event_out_of_retries_is_parked() {
    let targets = Targets::answering(refuse_for_now);
    let retry = RetryPolicy { retries_max: 4, ..RetryPolicy::default() };
    let bus = with_retry(&targets, retry, quick());
    put(&bus, 0..1).await;
    settled(&bus).await;
    let expected = [
        ("ERROR_CODE", "ERROR_FROM_TARGET"),
        ("ERROR_MESSAGE", "queue is full"),
        ("RETRY_ATTEMPTS", "4"),
        ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"),
    ];
    assert_eq!(only_dead_letter(&targets), attributes(&expected));
    assert_eq!((bus.stats().retried, bus.stats().dead_lettered), (4, 1));
}

#[tokio::test]
async fn an_event_that_would_grow_too_old_is_parked() {
    let targets = Targets::answering(refuse_for_now);
    let retry = RetryPolicy { age_max: Duration::from_secs(60), ..RetryPolicy::default() };
    let wait = Duration::from_secs(600);
    let options = Options { backoff: Backoff { first: wait, max: wait }, ..Options::default() };
    let bus = with_retry(&targets, retry, options);
    put(&bus, 0..1).await;
    settled(&bus).await;
    let expected = [
        ("ERROR_CODE", "ERROR_FROM_TARGET"),
        ("ERROR_MESSAGE", "queue is full"),
        ("RETRY_ATTEMPTS", "0"),
        ("EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds"),
    ];
    assert_eq!(only_dead_letter(&targets), attributes(&expected));
}

#[tokio::test]
async fn what_can_never_be_delivered_is_parked_at_once() {
    let targets = Targets::answering(refuse_for_good);
    let bus = bus(&targets, quick());
    put(&bus, 0..1).await;
    settled(&bus).await;
    let expected = [
        ("ERROR_CODE", "NO_RESOURCE"),
        ("ERROR_MESSAGE", "no such queue"),
        ("RETRY_ATTEMPTS", "0"),
    ];
    assert_eq!(only_dead_letter(&targets), attributes(&expected));
    assert_eq!((bus.stats().retried, bus.stats().dead_lettered), (0, 1));
}

#[tokio::test]
async fn without_a_dead_letter_queue_it_is_dropped_and_counted() {
    let targets = Targets::answering(refuse_for_good);
    let mut inventory = rule("inventory", json!({"source": ["order-service"]}));
    inventory.targets[0].dead_letter_arn = None;
    let deliver = Arc::clone(&targets) as Arc<dyn Deliver>;
    let bus = EventBridge::new(topology(vec![inventory]), deliver, quick()).unwrap();
    put(&bus, 0..2).await;
    settled(&bus).await;
    assert!(targets.dead_letters.lock().unwrap().is_empty());
    assert_eq!((bus.stats().dropped, bus.stats().dead_lettered), (2, 0));
}

#[tokio::test]
async fn a_target_that_is_down_holds_up_no_other() {
    // The first event is refused for ever, the second gets through on the only turn there is.
    let targets =
        Targets::answering(|attempt| if attempt == 0 { refuse_for_now(0) } else { Ok(()) });
    let wait = Duration::from_secs(600);
    let options = Options {
        backoff: Backoff { first: wait, max: wait },
        attempts_max: 1,
        ..Options::default()
    };
    let bus = bus(&targets, options);
    put(&bus, 0..2).await;
    crate::world::until(|| bus.stats().delivered == 1).await;
    assert_eq!(bus.pending(), 1);
    assert!(!bus.idle());
}

#[tokio::test]
async fn disorder_delivers_twice_and_shuffles() {
    let targets = Targets::accepting();
    let disorder =
        Disorder { duplicate: true, shuffle: true, seed: 42, max_delay: Duration::from_millis(50) };
    let bus = bus(&targets, Options { disorder, ..quick() });
    put(&bus, 0..20).await;
    settled(&bus).await;
    let mut numbers = targets.numbers();
    assert!(!numbers.is_sorted(), "{numbers:?}");
    numbers.sort_unstable();
    let twice: Vec<u64> = (0..20).flat_map(|n| [n, n]).collect();
    assert_eq!(numbers, twice);
    assert_eq!(bus.archived().len(), 20);
}

#[tokio::test]
async fn an_archive_keeps_what_it_should_for_as_long_as_it_should() {
    let now = Arc::new(std::sync::Mutex::new(OffsetDateTime::UNIX_EPOCH));
    let clock = Clock::new({
        let now = Arc::clone(&now);
        move || *now.lock().unwrap()
    });
    let mut topology = topology(vec![]);
    topology.archives[0].retention_days = 2;
    topology.archives.push(ArchiveSpec {
        name: "first-only".to_owned(),
        bus: "orders".to_owned(),
        pattern: Some(json!({"detail": {"n": [0]}})),
        retention_days: 0,
    });
    let options = Options { clock, ..quick() };
    let bus = EventBridge::new(topology, Targets::accepting(), options).unwrap();
    let kept = || -> Vec<_> {
        bus.archived().iter().map(|it| (it.at.day(), it.event["detail"]["n"].clone())).collect()
    };
    put(&bus, 0..2).await;
    *now.lock().unwrap() += time::Duration::days(1);
    put(&bus, 2..3).await;
    assert_eq!(kept(), [(1, json!(0)), (1, json!(1)), (2, json!(2))]);
    *now.lock().unwrap() += time::Duration::days(2);
    assert_eq!(kept(), [(1, json!(0)), (2, json!(2))]);
}
