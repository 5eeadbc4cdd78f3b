//! Requirements of a store about leases.

#![expect(missing_docs, reason = "each case is documented by its name")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    Subject,
    bench::{
        Bench, LEASE_OVER, RETENTION, Request, TICK, Try, Unit, deliver, deliver_to, held,
        held_to_fail, left, new, ok, refused, replayed, request,
    },
};
use crate::{IdempotencyError, UnitOfWork};

pub async fn a_claim_stands_before_the_effect<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    let holding = held(bench.leased(), request(), bench.count()).await;
    assert_eq!((bench.counted().await, bench.published().await), (0, 0));
    for layer in bench.both() {
        let meanwhile = deliver(&layer, request(), bench.count()).await;
        refused(&meanwhile, |error| matches!(error, IdempotencyError::InProgress { .. }));
    }
    assert_eq!((bench.counted().await, bench.published().await), (0, 0));
    assert_eq!(ok(holding.finish().await), new());
    assert_eq!((bench.counted().await, bench.published().await), (1, 1));
}

pub async fn a_second_attempt_meanwhile_returns_what_is_left_of_the_lease<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    held(bench.leased(), request(), bench.count()).await.crash();
    bench.pass(Duration::from_secs(10));
    let meanwhile = deliver(&bench.leased(), request(), bench.count()).await;
    assert_eq!(left(&meanwhile), LEASE_OVER.saturating_sub(Duration::from_secs(10)));
}

pub async fn a_first_attempt_is_not_resumed_and_one_after_a_crash_is<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noting = |unit: Unit<B::Store>| {
        let seen = seen.clone();
        move |attempt: Try<B::Store>| {
            if let Ok(mut seen) = seen.lock() {
                seen.push((attempt.id, attempt.resumed));
            }
            let unit = unit.clone();
            async move { Ok(unit) }
        }
    };
    let other = Request { key: "request-2".to_owned(), ..request() };
    ok(deliver_to(&bench.leased(), other, noting(bench.count())).await);
    held(bench.leased(), request(), bench.count()).await.crash();
    // However late: the record is there until time to live removes it.
    bench.pass(RETENTION * 3);
    ok(deliver_to(&bench.leased(), request(), noting(bench.count())).await);
    let seen = seen.lock().map(|seen| seen.clone()).unwrap_or_default();
    let expected =
        [("counter#request-2".to_owned(), false), ("counter#request-1".to_owned(), true)];
    assert_eq!(seen, expected);
}

pub async fn a_crashed_holder_is_followed_when_its_lease_is_over_on_every_clock<B: Subject>(
    subject: &B,
) {
    let bench = Bench::new(subject).await;
    held(bench.leased(), request(), bench.count()).await.crash();
    bench.pass(LEASE_OVER);
    let last = deliver(&bench.leased(), request(), bench.count()).await;
    assert_eq!(left(&last), Duration::ZERO, "held to its last millisecond");
    bench.pass(TICK);
    assert_eq!(ok(deliver(&bench.leased(), request(), bench.count()).await), new());
    assert_eq!(bench.counted().await, 1);
}

pub async fn an_attempt_that_lost_its_lease_fails_and_writes_nothing<B: Subject>(subject: &B) {
    for writes in [true, false] {
        let bench = Bench::new(subject).await;
        let late = bench.count();
        let late = if writes { late } else { UnitOfWork { writes: Vec::new(), ..late } };
        let slow = held(bench.leased(), request(), late).await;
        bench.pass(LEASE_OVER + TICK);
        assert_eq!(ok(deliver(&bench.leased(), request(), bench.count()).await), new());
        let slow = slow.finish().await;
        refused(&slow, |error| matches!(error, IdempotencyError::LeaseLost { .. }));
        assert_eq!((bench.counted().await, bench.published().await), (1, 1));
        assert_eq!(ok(deliver(&bench.leased(), request(), bench.count()).await), replayed());
    }
}

pub async fn an_attempt_that_lost_its_lease_does_not_disturb_the_next_one<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    // One that has performed its side effect, and one that failed.
    let slow = held(bench.leased(), request(), bench.count()).await;
    bench.pass(LEASE_OVER + TICK);
    let failing = held_to_fail(bench.leased(), request()).await;
    bench.pass(LEASE_OVER + TICK);
    let robber = held(bench.leased(), request(), bench.count()).await;
    refused(&slow.finish().await, |error| matches!(error, IdempotencyError::LeaseLost { .. }));
    assert!(failing.finish().await.is_err());
    assert_eq!((bench.counted().await, bench.published().await), (0, 0));
    let third = deliver(&bench.leased(), request(), bench.count()).await;
    refused(&third, |error| matches!(error, IdempotencyError::InProgress { .. }));
    assert_eq!(ok(robber.finish().await), new());
    assert_eq!((bench.counted().await, bench.published().await), (1, 1));
}

pub async fn a_holder_that_is_late_but_not_robbed_completes<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    let late = held(bench.leased(), request(), bench.count()).await;
    bench.pass(LEASE_OVER + TICK);
    assert_eq!(ok(late.finish().await), new());
    assert_eq!((bench.counted().await, bench.published().await), (1, 1));
}
