//! Test bench of the cases: a store, a clock that they advance, requests and handlers.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use event_envelope::{AggregateId, CorrelationId, Draft, Envelope, ReplayPolicy, Version};
use runtime::{Clock, Failure, IdGenerator};
use serde_json::json;
use time::OffsetDateTime;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tower::{Layer, ServiceExt, service_fn};

use super::Subject;
use crate::{
    Attempt, Completion, IdempotencyConfig, IdempotencyError, IdempotencyLayer, Keyed, Store,
    UnitOfWork,
};

pub(super) const LEASE: Duration = Duration::from_secs(30);
pub(super) const SKEW: Duration = Duration::from_secs(2);
/// When a lease is over on every clock.
pub(super) const LEASE_OVER: Duration = LEASE.saturating_add(SKEW);
pub(super) const TICK: Duration = Duration::from_millis(1);
pub(super) const RETENTION: Duration = Duration::from_hours(1);
/// The count that [`count`] adds to.
pub(super) const COUNT: &str = "count";
pub(super) const CONSUMER: &str = "counter";

/// 2026-01-01T00:00:00Z, in milliseconds.
const BEGINNING: i64 = 1_767_225_600_000;

/// A request with its own key and payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) key: String,
    pub(super) payload: &'static str,
}

impl Keyed for Request {
    fn idempotency_key(&self) -> String {
        self.key.clone()
    }

    fn payload_hash(&self) -> Option<String> {
        Some(self.payload.to_owned())
    }
}

pub(super) fn request() -> Request {
    Request { key: "request-1".to_owned(), payload: "count" }
}

pub(super) type Reply = Result<Completion<String>, Failure>;
pub(super) type Unit<S> = UnitOfWork<String, <S as Store>::Write>;
pub(super) type Try<S> = Attempt<Request, <S as Store>::ConditionFailed>;
pub(super) type Guarding<S> = IdempotencyLayer<S, String>;

/// A store, and a time.
pub(super) struct Bench<'a, B: Subject> {
    pub(super) subject: &'a B,
    pub(super) store: B::Store,
    millis: Arc<AtomicI64>,
}

impl<'a, B: Subject> Bench<'a, B> {
    pub(super) async fn new(subject: &'a B) -> Self {
        let millis = Arc::new(AtomicI64::new(BEGINNING));
        Self { subject, store: subject.store().await, millis }
    }

    pub(super) fn pass(&self, time: Duration) {
        self.millis.fetch_add(i64::try_from(time.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }

    pub(super) fn now_millis(&self) -> i64 {
        self.millis.load(Ordering::SeqCst)
    }

    /// A clock that is `off` milliseconds ahead.
    fn clock(&self, off: i64) -> Clock {
        let millis = self.millis.clone();
        Clock::from_fn(move || {
            let nanos = i128::from(millis.load(Ordering::SeqCst) + off) * 1_000_000;
            OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
        })
    }

    pub(super) fn config(&self) -> IdempotencyConfig<B::Store> {
        self.config_in(self.store.clone(), CONSUMER, 0)
    }

    pub(super) fn config_in<S: Store>(
        &self,
        store: S,
        consumer: &'static str,
        off: i64,
    ) -> IdempotencyConfig<S> {
        let drawn = AtomicU64::new(0);
        let process = IdGenerator::random().next_id();
        let tokens = IdGenerator::from_fn(move || {
            format!("{process}-{}", drawn.fetch_add(1, Ordering::SeqCst))
        });
        IdempotencyConfig::new(store, consumer, ReplayPolicy::Refuse)
            .retention(RETENTION)
            .lease(LEASE)
            .clock_skew(SKEW)
            .with(self.clock(off), tokens)
    }

    pub(super) fn leased(&self) -> Guarding<B::Store> {
        IdempotencyLayer::leased(self.config())
    }

    pub(super) fn transactional(&self) -> Guarding<B::Store> {
        IdempotencyLayer::transactional(self.config())
    }

    pub(super) fn both(&self) -> [Guarding<B::Store>; 2] {
        [self.transactional(), self.leased()]
    }

    /// Counts one, publishes that, and returns a result.
    pub(super) fn count(&self) -> Unit<B::Store> {
        UnitOfWork::new("counted".to_owned()).write(self.subject.count_up(COUNT)).publish(event())
    }

    pub(super) async fn counted(&self) -> u64 {
        self.subject.count(&self.store, COUNT).await
    }

    pub(super) async fn published(&self) -> usize {
        self.subject.published(&self.store).await.len()
    }
}

/// An event to publish.
pub(super) fn event() -> Envelope {
    let Ok(aggregate_id) = AggregateId::parse("counter-1") else { panic!("a valid id") };
    Draft {
        event_type: "Counted".to_owned(),
        event_version: Version::new(1, 0),
        source: "counters".to_owned(),
        timestamp: OffsetDateTime::UNIX_EPOCH,
        aggregate_id,
        sequence_number: 1,
        data: json!({}),
    }
    .root(CorrelationId::of("counter-1"), None)
}

/// Delivers `request` to a handler that returns `unit` for every request.
pub(super) async fn deliver<S: Store>(
    layer: &Guarding<S>,
    request: Request,
    unit: Unit<S>,
) -> Reply {
    deliver_to(layer, request, move |_| {
        let unit = unit.clone();
        async move { Ok(unit) }
    })
    .await
}

/// Delivers `request` to `handler`.
pub(super) async fn deliver_to<S, H, D>(layer: &Guarding<S>, request: Request, handler: H) -> Reply
where
    S: Store,
    H: FnMut(Try<S>) -> D + Clone + Send + 'static,
    D: Future<Output = Result<Unit<S>, Failure>> + Send + 'static,
{
    layer.layer(service_fn(handler)).oneshot(request).await
}

/// An attempt that waits within its handler.
pub(super) struct Holding {
    finish: oneshot::Sender<()>,
    reply: JoinHandle<Reply>,
}

impl Holding {
    /// Lets the handler go on, and returns the reply.
    pub(super) async fn finish(self) -> Reply {
        // A handler that has ended receives nothing.
        let _gone = self.finish.send(());
        match self.reply.await {
            Ok(reply) => reply,
            Err(error) => panic!("{error}"),
        }
    }

    /// The process dies.
    pub(super) fn crash(self) {
        self.reply.abort();
    }
}

/// Delivers `request`. Either it reaches the handler, which then waits before it returns `unit`, or
/// fails if there is none; or it ends at once.
pub(super) async fn hold<S: Store>(
    layer: Guarding<S>,
    request: Request,
    unit: Option<Unit<S>>,
) -> Result<Holding, Reply> {
    let (finish, finished) = oneshot::channel::<()>();
    let (entered, mut entering) = mpsc::channel(1);
    let finished = Arc::new(Mutex::new(Some(finished)));
    let handler = move |_| {
        let entered = entered.clone();
        let finished = finished.clone();
        let unit = unit.clone();
        async move {
            // A handler that is called again does not wait again.
            let finished = finished.lock().ok().and_then(|mut finished| finished.take());
            if let Some(finished) = finished {
                let _gone = entered.send(()).await;
                let _gone = finished.await;
            }
            unit.ok_or_else(|| Failure::retry("the test lets it fail"))
        }
    };
    let reply = tokio::spawn(async move { deliver_to(&layer, request, handler).await });
    // The channel closes without a message when the delivery ends without the handler.
    match entering.recv().await {
        Some(()) => Ok(Holding { finish, reply }),
        None => match reply.await {
            Ok(reply) => Err(reply),
            Err(error) => panic!("{error}"),
        },
    }
}

/// An attempt at `request` that reaches the handler.
pub(super) async fn held<S: Store>(layer: Guarding<S>, request: Request, unit: Unit<S>) -> Holding {
    let_in(hold(layer, request, Some(unit)).await)
}

/// As [`held`], and the handler fails.
pub(super) async fn held_to_fail<S: Store>(layer: Guarding<S>, request: Request) -> Holding {
    let_in(hold(layer, request, None).await)
}

#[track_caller]
fn let_in(held: Result<Holding, Reply>) -> Holding {
    match held {
        Ok(holding) => holding,
        Err(reply) => panic!("not let in: {reply:?}"),
    }
}

pub(super) fn new() -> Completion<String> {
    Completion::New("counted".to_owned())
}

pub(super) fn replayed() -> Completion<String> {
    Completion::Replayed("counted".to_owned())
}

#[track_caller]
pub(super) fn ok(reply: Reply) -> Completion<String> {
    match reply {
        Ok(completion) => completion,
        Err(failure) => panic!("{failure}"),
    }
}

/// Checks that a reply is an error of this library, for which `is` is true.
#[track_caller]
pub(super) fn refused(reply: &Reply, is: impl Fn(&IdempotencyError) -> bool) {
    match reply {
        Err(failure) if IdempotencyError::of(failure).is_some_and(&is) => (),
        other => panic!("{other:?}"),
    }
}

/// What is left of the other attempt's lease.
#[track_caller]
pub(super) fn left(reply: &Reply) -> Duration {
    match reply.as_ref().err().and_then(IdempotencyError::of) {
        Some(IdempotencyError::InProgress { left: Some(left), .. }) => *left,
        _ => panic!("{reply:?}"),
    }
}
