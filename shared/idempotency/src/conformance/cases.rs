//! Further requirements of a store: one commit, results, payloads, retention.

#![expect(missing_docs, reason = "each case is documented by its name")]

use std::{
    num::NonZeroUsize,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use runtime::Failure;

use super::{
    Subject,
    bench::{
        Bench, CONSUMER, COUNT, LEASE_OVER, RETENTION, Request, TICK, Unit, deliver, deliver_to,
        event, held, new, ok, refused, replayed, request,
    },
    stores::{Counting, Repeating},
};
use crate::{Completion, IdempotencyError, IdempotencyLayer, UnitOfWork};

pub async fn the_record_the_result_the_writes_and_the_events_are_one<B: Subject>(subject: &B) {
    for leased in [false, true] {
        let bench = Bench::new(subject).await;
        let layer = if leased { bench.leased() } else { bench.transactional() };
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), new());
        assert_eq!(bench.counted().await, 1);
        let published = bench.subject.published(&bench.store).await;
        assert_eq!(published, [event()]);
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), replayed());
    }
}

pub async fn a_refused_write_keeps_everything_from_being_written<B: Subject>(subject: &B) {
    for leased in [false, true] {
        let bench = Bench::new(subject).await;
        let layer = if leased { bench.leased() } else { bench.transactional() };
        ok(deliver(&layer, request(), bench.count()).await);
        let other = Request { key: "request-2".to_owned(), ..request() };
        let stubborn: Unit<B::Store> = UnitOfWork::new("counted".to_owned())
            .write(subject.count_up("another count"))
            .write(subject.unless_counted(COUNT))
            .publish(event());
        let reply = deliver(&layer, other.clone(), stubborn).await;
        refused(&reply, |error| matches!(error, IdempotencyError::Contended { .. }));
        let another = subject.count(&bench.store, "another count").await;
        assert_eq!((bench.counted().await, another, bench.published().await), (1, 0, 1));
        // It left nothing that would block the next attempt.
        assert_eq!(ok(deliver(&layer, other, bench.count()).await), new());
    }
}

pub async fn a_refused_write_is_decided_on_again<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    ok(deliver(&bench.transactional(), request(), bench.count()).await);
    let other = Request { key: "request-2".to_owned(), ..request() };
    let first: Unit<B::Store> =
        UnitOfWork::new("first".to_owned()).write(subject.unless_counted(COUNT));
    let layer = bench.transactional();
    let reply = deliver_to(&layer, other, move |attempt| {
        let too_late = UnitOfWork::new("too late".to_owned());
        let unit = if attempt.failed_conditions.is_empty() { first.clone() } else { too_late };
        async move { Ok(unit) }
    });
    assert_eq!(ok(reply.await), Completion::New("too late".to_owned()));
}

pub async fn our_own_write_is_known_when_its_answer_was_lost<B: Subject>(subject: &B) {
    for leased in [false, true] {
        let bench = Bench::new(subject).await;
        let config = bench.config_in(Repeating(bench.store.clone()), CONSUMER, 0);
        let layer = if leased {
            IdempotencyLayer::leased(config)
        } else {
            IdempotencyLayer::transactional(config)
        };
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), new());
        assert_eq!((bench.counted().await, bench.published().await), (1, 1));
        let other = Request { key: "request-2".to_owned(), ..request() };
        let alone: Unit<B::Store> = UnitOfWork::new("counted".to_owned()).publish(event());
        assert_eq!(ok(deliver(&layer, other, alone).await), new());
        assert_eq!(bench.published().await, 2);
    }
}

pub async fn a_failed_attempt_lets_the_next_one_in_at_once<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    for layer in bench.both() {
        for failure in
            [|| Failure::retry("provider unavailable"), || Failure::permanent("no such card")]
        {
            let reply = deliver_to(&layer, request(), move |_| async move { Err(failure()) });
            let Err(reply) = reply.await else { panic!("it failed") };
            assert_eq!(reply.to_string(), failure().to_string());
        }
    }
    assert_eq!(ok(deliver(&bench.leased(), request(), bench.count()).await), new());
    assert_eq!((bench.counted().await, bench.published().await), (1, 1));
}

pub async fn a_duplicate_returns_the_first_result_and_changes_nothing<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    ok(deliver(&bench.transactional(), request(), bench.count()).await);
    for layer in bench.both() {
        let other = UnitOfWork { result: "another result".to_owned(), ..bench.count() };
        assert_eq!(ok(deliver(&layer, request(), other).await), replayed());
        assert_eq!((bench.counted().await, bench.published().await), (1, 1));
        let hooked = layer.on_replay(|result, id| format!("{result} as {id}"));
        let replayed = ok(deliver(&hooked, request(), bench.count()).await);
        assert_eq!(replayed, Completion::Replayed("counted as counter#request-1".to_owned()));
    }
}

pub async fn a_rejection_by_the_business_is_stored_and_replayed<B: Subject>(subject: &B) {
    for leased in [false, true] {
        let bench = Bench::new(subject).await;
        let layer = if leased { bench.leased() } else { bench.transactional() };
        let refusal = UnitOfWork::new("the card is declined".to_owned());
        let refusal = ok(deliver(&layer, request(), refusal).await);
        assert_eq!(refusal, Completion::New("the card is declined".to_owned()));
        let again = ok(deliver(&layer, request(), bench.count()).await);
        assert_eq!(again, Completion::Replayed("the card is declined".to_owned()));
        assert_eq!(bench.counted().await, 0);
    }
}

pub async fn the_same_key_with_another_payload_is_refused_even_after_a_crash<B: Subject>(
    subject: &B,
) {
    let bench = Bench::new(subject).await;
    let forged = Request { payload: "something else", ..request() };
    let is_mismatch = |it: &_| matches!(it, IdempotencyError::PayloadMismatch { .. });
    held(bench.leased(), request(), bench.count()).await.crash();
    for wait in [Duration::ZERO, LEASE_OVER + TICK] {
        bench.pass(wait);
        for layer in bench.both() {
            refused(&deliver(&layer, forged.clone(), bench.count()).await, is_mismatch);
        }
    }
    assert_eq!(ok(deliver(&bench.leased(), request(), bench.count()).await), new());
    for layer in bench.both() {
        refused(&deliver(&layer, forged.clone(), bench.count()).await, is_mismatch);
    }
    assert_eq!(bench.counted().await, 1);
}

pub async fn a_record_that_has_expired_counts_no_more_though_it_is_there<B: Subject>(subject: &B) {
    for leased in [false, true] {
        let bench = Bench::new(subject).await;
        let layer = if leased { bench.leased() } else { bench.transactional() };
        ok(deliver(&layer, request(), bench.count()).await);
        bench.pass(RETENTION);
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), replayed());
        bench.pass(Duration::from_secs(1));
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), new());
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), replayed());
        assert_eq!(bench.counted().await, 2);
    }
}

pub async fn consumers_and_versions_are_apart<B: Subject>(subject: &B) {
    let bench = Bench::new(subject).await;
    let other = bench.config_in(bench.store.clone(), "auditor", 0);
    for config in [bench.config(), bench.config().version("2"), other] {
        let layer = IdempotencyLayer::transactional(config);
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), new());
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), replayed());
    }
    assert_eq!(bench.counted().await, 3);
}

pub async fn a_process_that_remembers_asks_no_more_and_forgets_what_has_expired<B: Subject>(
    subject: &B,
) {
    let bench = Bench::new(subject).await;
    let counting = Counting { store: bench.store.clone(), calls: Arc::default() };
    let calls = || counting.calls.load(Ordering::SeqCst);
    let config = bench.config_in(counting.clone(), CONSUMER, 0);
    let layer = IdempotencyLayer::leased(config.cache(NonZeroUsize::MIN));
    // Another process may change a record in progress: it is not cached.
    let holding = held(bench.leased(), request(), bench.count()).await;
    for asked in 1..=2 {
        let meanwhile = deliver(&layer, request(), bench.count()).await;
        refused(&meanwhile, |error| matches!(error, IdempotencyError::InProgress { .. }));
        assert_eq!(calls(), asked);
    }
    ok(holding.finish().await);
    for _ in 0..3 {
        assert_eq!(ok(deliver(&layer, request(), bench.count()).await), replayed());
        assert_eq!(calls(), 3, "read once, then cached");
    }
    let forged = Request { payload: "something else", ..request() };
    let reply = deliver(&layer, forged, bench.count()).await;
    refused(&reply, |error| matches!(error, IdempotencyError::PayloadMismatch { .. }));
    bench.pass(RETENTION + Duration::from_secs(1));
    assert_eq!(ok(deliver(&layer, request(), bench.count()).await), new());
    // There is room for one.
    let other = Request { key: "request-2".to_owned(), ..request() };
    ok(deliver(&layer, other, bench.count()).await);
    let before = calls();
    assert_eq!(ok(deliver(&layer, request(), bench.count()).await), replayed());
    assert_eq!(calls(), before + 1, "evicted, and read again");
}
