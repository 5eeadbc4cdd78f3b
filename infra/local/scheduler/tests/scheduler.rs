//! Schedules over functions that accept or refuse as they are scripted, on a clock that stands still.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use local_scheduler::{
    Bytes, Clock, DeadLetter, Options, Refusal, RetryPolicy, SchedulePace, ScheduleSpec, Scheduler,
    Stats, Targets,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

const SCHEDULE: &str = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/sweep";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:sweep";
const MINUTE: Duration = Duration::from_secs(60);

/// Answers to the nth invocation (from 0).
type Script = fn(usize) -> Result<(), Refusal>;

struct Stage {
    script: Script,
    began: Instant,
    /// Each invocation: the seconds since the beginning, and the payload.
    invocations: Mutex<Vec<(u64, Value)>>,
    letters: Mutex<Vec<(String, DeadLetter)>>,
    is_busy: AtomicBool,
}

impl Stage {
    fn new(script: Script) -> Arc<Self> {
        Arc::new(Self {
            script,
            began: Instant::now(),
            invocations: Mutex::default(),
            letters: Mutex::default(),
            is_busy: AtomicBool::new(false),
        })
    }

    fn times(&self) -> Vec<u64> {
        self.invocations.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    fn payload(&self, nth: usize) -> Value {
        self.invocations.lock().unwrap()[nth].1.clone()
    }
}

impl Targets for Stage {
    fn invoke(&self, function_arn: &str, payload: Bytes) -> Result<(), Refusal> {
        assert_eq!(function_arn, FUNCTION);
        let mut invocations = self.invocations.lock().unwrap();
        let answer = (self.script)(invocations.len());
        let payload = serde_json::from_slice(&payload).unwrap();
        invocations.push((self.began.elapsed().as_secs(), payload));
        answer
    }

    fn is_busy(&self, _: &str) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }

    fn dead_letter(&self, queue_arn: &str, letter: DeadLetter) -> Result<(), String> {
        self.letters.lock().unwrap().push((queue_arn.to_owned(), letter));
        Ok(())
    }
}

fn accepts(_: usize) -> Result<(), Refusal> {
    Ok(())
}

fn throttles(_: usize) -> Result<(), Refusal> {
    Err(Refusal::Passing { code: "TooManyRequestsException", message: "busy".to_owned() })
}

fn schedule() -> ScheduleSpec {
    ScheduleSpec {
        name: "sweep".to_owned(),
        arn: SCHEDULE.to_owned(),
        function_arn: FUNCTION.to_owned(),
        every: MINUTE,
        input: None,
        retry: RetryPolicy::default(),
        dead_letter_arn: Some("arn:aws:sqs:us-east-1:000000000000:lost".to_owned()),
    }
}

fn options(pace: SchedulePace) -> Options {
    let noon = OffsetDateTime::from_unix_timestamp(1_795_435_200).unwrap();
    let began = Instant::now();
    Options { pace, clock: Clock::new(move || noon + began.elapsed()), seed: 1 }
}

fn start(stage: &Arc<Stage>, schedule: ScheduleSpec) -> Scheduler {
    Scheduler::start(vec![schedule], stage.clone(), options(SchedulePace::AsWritten))
}

fn stats(scheduler: &Scheduler) -> Stats {
    scheduler.stats()["sweep"]
}

#[tokio::test(start_paused = true)]
async fn a_function_is_invoked_at_once_and_then_at_the_rate_until_the_stop() {
    let stage = Stage::new(accepts);
    let scheduler = start(&stage, schedule());
    sleep(MINUTE * 2 + Duration::from_secs(1)).await;
    assert_eq!(stage.times(), [0, 60, 120]);
    assert_eq!(stats(&scheduler), Stats { accepted: 3, ..Stats::default() });
    scheduler.stop().await;
    sleep(MINUTE * 5).await;
    assert_eq!(stage.times().len(), 3);
    let again = start(&stage, schedule());
    drop(again);
    sleep(MINUTE).await;
    assert_eq!(stage.times().len(), 3, "a scheduler that is dropped invokes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_schedule_without_input_sends_the_default_event() {
    let stage = Stage::new(accepts);
    let _scheduler = start(&stage, schedule());
    sleep(MINUTE + Duration::from_secs(1)).await;
    let mut event = stage.payload(1);
    let id = event["id"].take();
    assert_eq!(id.as_str().unwrap().len(), 36);
    assert_ne!(id, stage.payload(0)["id"]);
    let expected = json!({
        "version": "0",
        "id": null,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": "2026-11-23T12:01:00Z",
        "region": "us-east-1",
        "resources": [SCHEDULE],
        "detail": "{}",
    });
    assert_eq!(event, expected);
}

#[tokio::test(start_paused = true)]
async fn keywords_of_an_input_are_replaced() {
    let stage = Stage::new(|nth| if nth == 0 { throttles(nth) } else { Ok(()) });
    let input = r#"{
        "arn": "<aws.scheduler.schedule-arn>", "at": "<aws.scheduler.scheduled-time>",
        "try": <aws.scheduler.attempt-number>, "id": "<aws.scheduler.execution-id>", "limit": 5
    }"#;
    let _scheduler = start(&stage, ScheduleSpec { input: Some(input.to_owned()), ..schedule() });
    sleep(Duration::from_secs(10)).await;
    let (first, mut second) = (stage.payload(0), stage.payload(1));
    assert_ne!(first["id"], second["id"].take());
    let at = "2026-11-23T12:00:00Z";
    let expected = json!({ "arn": SCHEDULE, "at": at, "try": 2, "id": null, "limit": 5 });
    assert_eq!(second, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_comes_again_and_the_next_invocation_does_not_wait_for_it() {
    let stage = Stage::new(|nth| if nth < 8 { throttles(nth) } else { Ok(()) });
    let scheduler = start(&stage, schedule());
    sleep(Duration::from_secs(59)).await;
    assert_eq!(stage.times(), [0, 0, 1, 3, 7, 15, 31]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.times().last(), Some(&60), "the second invocation, refused as well");
    sleep(Duration::from_secs(10)).await;
    // The second is accepted at its first retry, and the first, as it has waited longer, later.
    assert_eq!(stats(&scheduler), Stats { accepted: 2, retries: 8, ..Stats::default() });
}

#[tokio::test(start_paused = true)]
async fn what_is_abandoned_goes_to_the_dead_letter_queue_with_its_reason() {
    let stage = Stage::new(throttles);
    let retry = RetryPolicy { retries_max: 2, ..RetryPolicy::default() };
    let scheduler = start(&stage, ScheduleSpec { retry, ..schedule() });
    sleep(Duration::from_secs(30)).await;
    assert_eq!(stats(&scheduler), Stats { retries: 2, dead_lettered: 1, ..Stats::default() });
    let letters = stage.letters.lock().unwrap().clone();
    let [(queue, letter)] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(queue, "arn:aws:sqs:us-east-1:000000000000:lost");
    assert_eq!(serde_json::from_str::<Value>(&letter.payload).unwrap(), stage.payload(2));
    let attributes: BTreeMap<_, _> =
        letter.attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (name, value) in [
        ("ERROR_CODE", "TooManyRequestsException"),
        ("ERROR_MESSAGE", "busy"),
        ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"),
        ("RETRY_ATTEMPTS", "2"),
        ("SCHEDULED_TIME", "2026-11-23T12:00:00Z"),
        ("SCHEDULE_ARN", SCHEDULE),
        ("TARGET_ARN", FUNCTION),
    ] {
        assert_eq!(attributes.get(name), Some(&value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_invocation_and_a_hopeless_one_are_abandoned() {
    let stage = Stage::new(throttles);
    let retry = RetryPolicy { age_max: Duration::from_secs(10), ..RetryPolicy::default() };
    let _scheduler = start(&stage, ScheduleSpec { retry, ..schedule() });
    sleep(Duration::from_secs(30)).await;
    assert_eq!(stage.times(), [0, 0, 1, 3, 7], "the next would have come after 15 s");
    let attributes = stage.letters.lock().unwrap()[0].1.attributes.clone();
    let age = ("EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds".to_owned());
    assert!(attributes.contains(&age), "{attributes:?}");

    let stage = Stage::new(|_| {
        Err(Refusal::Lasting { code: "ResourceNotFoundException", message: "gone".to_owned() })
    });
    let scheduler = start(&stage, ScheduleSpec { dead_letter_arn: None, ..schedule() });
    sleep(Duration::from_secs(30)).await;
    assert_eq!(stats(&scheduler), Stats { lost: 1, ..Stats::default() });
}

#[tokio::test(start_paused = true)]
async fn at_a_quicker_pace_a_busy_function_is_spared() {
    let stage = Stage::new(accepts);
    let quick = options(SchedulePace::Every(Duration::from_secs(1)));
    let scheduler = Scheduler::start(vec![schedule()], stage.clone(), quick);
    sleep(Duration::from_millis(1_500)).await;
    stage.is_busy.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(3)).await;
    stage.is_busy.store(false, Ordering::Relaxed);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stage.times(), [0, 1, 5]);
    assert_eq!(stats(&scheduler), Stats { accepted: 3, spared: 3, ..Stats::default() });

    stage.is_busy.store(true, Ordering::Relaxed);
    let as_in_aws = start(&stage, schedule());
    sleep(Duration::from_millis(100)).await;
    assert_eq!(stats(&as_in_aws).accepted, 1, "its own rate is kept whatever the function does");
}
