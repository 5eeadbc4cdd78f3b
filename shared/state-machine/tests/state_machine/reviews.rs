//! What becomes of a machine whose command keeps failing: it is abandoned, emits that, and is
//! resumed.

mod sweep;

use local_dynamodb::{Fault, FaultPlan};
use runtime::{Done, Failure};
use serde_json::{Value, json};
use state_machine::Attempt;

use crate::{
    log::Log,
    parcel::{Command, Depot, EXHAUSTED_AFTER, Input, LIFE, cause, named, resumed},
    world::{LEASE, MACHINES, assert_permanent, event, number, retried_after},
};

/// All events of a parcel that could not be fetched until an operator helped.
const STUCK_LIFE: [(&str, u64); 5] = [LIFE[0], LIFE[1], LIFE[2], ("ParcelStuck", 4), RETURNED];
const RETURNED: (&str, u64) = ("ParcelReturned", 5);

/// A depot with a parcel on its way.
async fn sent() -> Depot {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    depot.handle(Input::Paid).await.unwrap();
    depot
}

impl Depot {
    /// Handles an input while the carrier fails with `failure` whenever it is to fetch.
    async fn handle_failing(
        &self,
        input: Input,
        failure: fn() -> Failure,
    ) -> Result<Done, Failure> {
        let run = async |attempt: Attempt<Command>| {
            let answer = self.carrier.run(attempt).await?;
            if attempt.command == Command::Fetch { Err(failure()) } else { Ok(answer) }
        };
        self.handle_with(&cause(input), input, run).await
    }

    /// How often the carrier was asked to fetch.
    fn fetches(&self) -> usize {
        self.carrier.asked().iter().filter(|attempt| attempt.command == Command::Fetch).count()
    }

    fn last_published(&self) -> Vec<(String, u64)> {
        self.published().pop().unwrap()
    }
}

fn unavailable() -> Failure {
    Failure::retry("the carrier is unavailable")
}

fn refuses() -> Failure {
    Failure::permanent("picked up already")
}

fn stuck() -> Vec<(String, u64)> {
    named(&[("ParcelStuck", 4)])
}

/// A depot with a parcel that was recalled, and whose fetching was abandoned.
async fn abandoned() -> Depot {
    let depot = sent().await;
    for _ in 1..EXHAUSTED_AFTER.get() {
        assert!(depot.handle_failing(Input::Recalled, unavailable).await.unwrap_err().is_retry());
    }
    assert_eq!(depot.handle_failing(Input::Recalled, unavailable).await.unwrap(), Done::Handled);
    depot
}

#[tokio::test]
async fn a_command_that_keeps_failing_is_abandoned_and_rests() {
    let depot = abandoned().await;
    assert_eq!(depot.state().await.stuck, Some((3, "the carrier is unavailable".to_owned())));
    assert_eq!(depot.last_published(), stuck());
    let row = depot.row().await;
    assert!(!row.contains_key("attempts"));
    assert_eq!(row["lease"].as_m().unwrap()["until"], number(0));
    for input in [Input::Recalled, Input::Packed] {
        assert_eq!(depot.handle(input).await.unwrap(), Done::Duplicate);
    }
    assert_eq!((depot.fetches(), depot.row().await), (3, row));
}

#[tokio::test]
async fn attempts_of_all_deliveries_count_together() {
    let depot = sent().await;
    depot.handle_failing(Input::Recalled, unavailable).await.unwrap_err();
    assert_eq!(depot.row().await["attempts"], number(1));
    depot.handle_failing(Input::Packed, unavailable).await.unwrap_err();
    assert_eq!(depot.row().await["attempts"], number(2));
    assert_eq!(depot.handle_failing(Input::Paid, unavailable).await.unwrap(), Done::Handled);
    assert_eq!(depot.last_published(), stuck());
    assert_eq!(depot.handle(Input::Recalled).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn attempts_at_one_command_do_not_count_for_the_next() {
    let depot = Depot::new().await;
    for input in [Input::Packed, Input::Recalled] {
        depot.handle(input).await.unwrap();
    }
    for _ in 0..2 {
        let fails = async |_| Err(unavailable());
        depot.handle_with(&cause(Input::Paid), Input::Paid, fails).await.unwrap_err();
    }
    // Sent at the third attempt; fetching is then tried for the first time.
    assert!(depot.handle_failing(Input::Paid, unavailable).await.unwrap_err().is_retry());
    assert_eq!(depot.row().await["attempts"], number(1));
    assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Handled);
    assert_eq!(depot.published().concat(), named(&LIFE));
    assert!(!depot.row().await.contains_key("attempts"));
}

#[tokio::test]
async fn what_can_never_succeed_is_abandoned_at_once() {
    let depot = sent().await;
    let done = depot.handle_failing(Input::Recalled, refuses).await.unwrap();
    assert_eq!(done, Done::Handled);
    assert_eq!(depot.state().await.stuck, Some((1, "picked up already".to_owned())));
    assert_eq!(depot.last_published(), stuck());
}

#[tokio::test]
async fn what_a_machine_never_abandons_is_tried_for_ever() {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    for failure in [unavailable, refuses] {
        for _ in 0..2 * EXHAUSTED_AFTER.get() {
            let fails = async |_| Err(failure());
            let failed =
                depot.handle_with(&cause(Input::Paid), Input::Paid, fails).await.unwrap_err();
            assert_eq!(failed.to_string(), failure().to_string());
        }
    }
    assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [resumed(Command::Send)]);
    assert_eq!(depot.published().concat(), named(&LIFE[..3]));
}

#[tokio::test]
async fn a_resumed_command_is_looked_for_first_and_counted_anew() {
    let depot = abandoned().await;
    for _ in 1..EXHAUSTED_AFTER.get() {
        depot.handle_failing(Input::Resumed, unavailable).await.unwrap_err();
        assert_eq!(depot.carrier.asked().pop(), Some(resumed(Command::Fetch)));
    }
    assert_eq!(depot.handle(Input::Resumed).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked().pop(), Some(resumed(Command::Fetch)));
    assert_eq!(depot.published().concat(), named(&STUCK_LIFE));
    assert!(!depot.row().await.contains_key("lease"));
}

#[tokio::test]
async fn what_is_resumed_may_be_abandoned_again() {
    let depot = abandoned().await;
    let done = depot.handle_failing(Input::Resumed, refuses).await.unwrap();
    assert_eq!(done, Done::Handled);
    assert_eq!(depot.last_published(), named(&[("ParcelStuck", 5)]));
    assert_eq!(depot.handle(Input::Resumed).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn what_was_abandoned_more_often_than_triggers_are_kept_is_resumed_once_more() {
    let depot = abandoned().await;
    let resume = |sequence| event(sequence, json!({}));
    for sequence in 100..220 {
        let fails = async |_| Err(refuses());
        let done = depot.handle_with(&resume(sequence), Input::Resumed, fails).await.unwrap();
        assert_eq!(done, Done::Handled, "{sequence}");
        assert!(depot.state().await.stuck.is_some(), "{sequence}");
    }
    let run = async |attempt| depot.carrier.run(attempt).await;
    let done = depot.handle_with(&resume(220), Input::Resumed, run).await.unwrap();
    assert_eq!(done, Done::Handled);
    assert_eq!(depot.state().await.stuck, None);
    assert_eq!(depot.last_published().last().unwrap().0, RETURNED.0);
}

#[tokio::test]
async fn a_resume_that_comes_before_the_command_is_abandoned_changes_nothing() {
    let depot = sent().await;
    depot.handle_failing(Input::Recalled, unavailable).await.unwrap_err();
    depot.handle_failing(Input::Recalled, unavailable).await.unwrap_err();
    let run = async |attempt| {
        depot.carrier.run(attempt).await.unwrap();
        assert_eq!(depot.handle(Input::Resumed).await.unwrap(), Done::Handled);
        Err(unavailable())
    };
    let done = depot.handle_with(&cause(Input::Recalled), Input::Recalled, run).await.unwrap();
    assert_eq!(done, Done::Handled);
    assert_eq!(depot.last_published(), stuck());
    assert_eq!(depot.handle(Input::Resumed).await.unwrap(), Done::Duplicate);
    assert!(depot.state().await.stuck.is_some());
}

#[tokio::test]
async fn a_command_that_is_not_pending_any_more_is_neither_abandoned_nor_failed() {
    for failure in [unavailable, refuses] {
        let depot = sent().await;
        let run = async |_| {
            assert_eq!(depot.handle(Input::Kept).await.unwrap(), Done::Handled);
            Err(failure())
        };
        let done = depot.handle_with(&cause(Input::Recalled), Input::Recalled, run).await.unwrap();
        assert_eq!(done, Done::Handled);
        assert_eq!(depot.state().await.stuck, None);
        assert_eq!(depot.published().concat(), named(&LIFE[..3]));
    }
}

#[tokio::test]
async fn a_holder_that_was_overtaken_gives_nothing_up() {
    let depot = sent().await;
    let slow = async |attempt| {
        depot.world.pass(LEASE);
        assert_eq!(depot.handle(Input::Packed).await.unwrap(), Done::Handled);
        depot.carrier.run(attempt).await.unwrap();
        Err(refuses())
    };
    let failure =
        depot.handle_with(&cause(Input::Recalled), Input::Recalled, slow).await.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("lease was lost"), "{failure}");
    assert_eq!(depot.published().concat(), named(&LIFE));
    assert_eq!(depot.handle(Input::Recalled).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_holder_that_comes_late_to_what_was_abandoned_writes_nothing() {
    let depot = sent().await;
    for _ in 1..EXHAUSTED_AFTER.get() {
        depot.handle_failing(Input::Recalled, unavailable).await.unwrap_err();
    }
    let slow = async |attempt| {
        let answer = depot.carrier.run(attempt).await;
        depot.world.pass(LEASE);
        assert_eq!(depot.handle(Input::Packed).await.unwrap(), Done::Handled);
        assert_eq!(depot.last_published(), stuck());
        answer
    };
    let failure =
        depot.handle_with(&cause(Input::Recalled), Input::Recalled, slow).await.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("lease was lost"), "{failure}");
    assert!(depot.state().await.stuck.is_some());
    assert_eq!(depot.handle(Input::Resumed).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked().pop(), Some(resumed(Command::Fetch)));
    assert_eq!(depot.published().concat(), named(&STUCK_LIFE));
}

#[tokio::test]
async fn a_reason_is_no_longer_than_an_event_should_carry() {
    let depot = sent().await;
    let done =
        depot.handle_failing(Input::Recalled, || Failure::permanent("ß".repeat(9_000))).await;
    assert_eq!(done.unwrap(), Done::Handled);
    let (_, reason) = depot.state().await.stuck.unwrap();
    assert_eq!(reason, "ß".repeat(500));
}

#[tokio::test]
async fn a_process_that_dies_before_it_abandons_is_followed_by_one_that_does() {
    // Calls of a delivery whose command fails: load, save with the lease, load, save that abandons.
    for (call, fault) in [(1, Fault::CrashAfter), (2, Fault::CrashBefore), (3, Fault::CrashBefore)]
    {
        let depot = sent().await;
        for _ in 1..EXHAUSTED_AFTER.get() {
            depot.handle_failing(Input::Recalled, unavailable).await.unwrap_err();
        }
        let dying = depot.with(FaultPlan::at(call, fault));
        retried_after(dying.handle_failing(Input::Recalled, unavailable).await);
        let asked = depot.fetches();
        assert_eq!(depot.state().await.stuck, None);
        depot.world.pass(LEASE);
        assert_eq!(depot.handle(Input::Recalled).await.unwrap(), Done::Handled);
        let (attempts, reason) = depot.state().await.stuck.unwrap();
        assert_eq!((attempts, reason.as_str()), (3, "no answer of the last attempt is known"));
        assert_eq!((depot.fetches(), depot.last_published()), (asked, stuck()));
        assert_eq!(depot.handle(Input::Resumed).await.unwrap(), Done::Handled);
        assert_eq!(depot.carrier.asked().pop(), Some(resumed(Command::Fetch)));
        assert_eq!(depot.published().concat(), named(&STUCK_LIFE));
    }
}

/// The log lines of exhausted commands: after how many attempts, and why.
fn exhausted_in(log: &Log) -> Vec<(u64, String)> {
    let lines = log.lines().into_iter().map(|mut line| line["fields"].take());
    let lines = lines.filter(|it| it["message"] == "retries exhausted: needs manual intervention");
    let line = |fields: Value| {
        assert_eq!(fields["key"], "parcel-1");
        (fields["attempts"].as_u64().unwrap(), fields["failure"].as_str().unwrap().to_owned())
    };
    lines.map(line).collect()
}

#[tokio::test]
async fn an_exhausted_command_is_logged_once_for_an_alarm() {
    let log = Log::default();
    log.of(abandoned()).await;
    assert_eq!(exhausted_in(&log), [(3, "to be retried: the carrier is unavailable".to_owned())]);

    // A process that dies with the last attempt, and the one that follows it.
    let (depot, log) = (sent().await, Log::default());
    for _ in 1..EXHAUSTED_AFTER.get() {
        log.of(depot.handle_failing(Input::Recalled, unavailable)).await.unwrap_err();
    }
    let dying = depot.with(FaultPlan::at(1, Fault::CrashAfter));
    log.of(dying.handle_failing(Input::Recalled, unavailable)).await.unwrap_err();
    depot.world.pass(LEASE);
    assert_eq!(exhausted_in(&log), []);
    for _ in 0..2 {
        log.of(depot.handle(Input::Recalled)).await.unwrap();
    }
    assert_eq!(exhausted_in(&log), [(3, "no answer of the last attempt is known".to_owned())]);
}

#[tokio::test]
async fn what_cannot_be_abandoned_by_one_event_is_by_the_next() {
    let depot = sent().await;
    // The event about that would be too deep in its chain of causes.
    let mut too_deep = cause(Input::Recalled);
    too_deep.metadata.depth = event_envelope::DEPTH_MAX;
    let refusing = async |_| Err(refuses());
    assert_permanent(depot.handle_with(&too_deep, Input::Recalled, refusing).await, "limit is 32");
    assert_eq!(depot.handle_failing(Input::Packed, refuses).await.unwrap(), Done::Handled);
    assert_eq!(depot.last_published(), stuck());
}

/// The row of a parcel that is being fetched, as it was written before attempts were counted.
fn old_row() -> Value {
    let hash = |input| cause(input).payload_hash();
    json!({
        "id": { "S": "parcel-1" },
        "state": { "M": {
            "packed": { "BOOL": true },
            "paid": { "BOOL": true },
            "recalled": { "BOOL": true },
            "sent": { "BOOL": true },
            "returned": { "BOOL": false },
        } },
        "revision": { "N": "4" },
        "sequence": { "N": "3" },
        "seen": { "M": {
            cause(Input::Packed).event_id.to_string(): { "S": hash(Input::Packed) },
            cause(Input::Paid).event_id.to_string(): { "S": hash(Input::Paid) },
            cause(Input::Recalled).event_id.to_string(): { "S": hash(Input::Recalled) },
        } },
        "lease": { "M": { "owner": { "S": "another" }, "until": { "N": "0" } } },
        "writer": { "S": "another" },
        "updatedAt": { "N": "1767225600" },
    })
}

#[tokio::test]
async fn a_row_of_a_version_that_did_not_count_is_read() {
    for failure in [unavailable, refuses] {
        let depot = Depot::new().await;
        let put = json!({ "TableName": MACHINES, "Item": old_row() });
        depot.world.database.json("PutItem", &put).await.unwrap();
        let mut ended = depot.handle_failing(Input::Recalled, failure).await;
        while ended.is_err() {
            ended = depot.handle_failing(Input::Recalled, failure).await;
        }
        let expected = if failure().is_retry() { 3 } else { 1 };
        assert_eq!(depot.state().await.stuck.unwrap().0, expected);
        assert!(depot.carrier.asked().iter().all(|attempt| attempt.may_have_run));
        assert_eq!(depot.handle(Input::Resumed).await.unwrap(), Done::Handled);
        assert_eq!(depot.last_published(), named(&[RETURNED]));
    }
}
