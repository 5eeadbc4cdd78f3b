//! The log line and the metric of each outcome.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
};

use event_envelope::Delivery;
use idempotency::{IdempotencyLayer, Identity, UnitOfWork};
use local_dynamodb::{Fault, FaultPlan};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Instrument, instrument::WithSubscriber};

use crate::{
    handlers::{count, deliver, unreachable},
    world::{Guarded, LEASE_OVER, TICK, World, delivery, forged, record_id},
};

/// Everything that is logged, a JSON line each.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Has everything logged here that `work` logs.
    pub(crate) async fn of<T>(&self, work: impl Future<Output = T>) -> T {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || writer.clone())
            .finish();
        work.in_current_span().with_subscriber(subscriber).await
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Every outcome there is, once. A replay by an archive comes last.
async fn every_outcome(world: &World) {
    let layer = world.leased(FaultPlan::none());
    // Failed: the process dies with its claim. Then conflict, new, duplicate, mismatch.
    drop(
        deliver(&world.leased(FaultPlan::at(0, Fault::CrashAfter)), delivery(), unreachable).await,
    );
    drop(deliver(&layer, delivery(), unreachable).await);
    world.pass(LEASE_OVER + TICK);
    drop(robbed(world, &layer).await);
    drop(deliver(&layer, delivery(), unreachable).await);
    drop(deliver(&layer, forged(), unreachable).await);
    let remembering: Guarded =
        IdempotencyLayer::leased(world.guard(FaultPlan::none()).cache(NonZeroUsize::MIN));
    drop(deliver(&remembering, delivery(), unreachable).await);
    drop(deliver(&remembering, delivery(), unreachable).await);
    let keyless = layer.clone().identify_by(|_: &Delivery| Ok(None::<Identity>));
    drop(keyless.layer(service_fn(count)).oneshot(delivery()).await);
    let archived = Delivery { replay: Some("november".to_owned()), ..delivery() };
    drop(deliver(&layer, archived, unreachable).await);
}

/// A holder that loses its lease to another one.
async fn robbed(world: &World, layer: &Guarded) -> crate::handlers::Reply {
    let (inside, second) = (world.clone(), layer.clone());
    deliver(layer, delivery(), move |_| {
        let (world, second) = (inside.clone(), second.clone());
        async move {
            world.pass(LEASE_OVER + TICK);
            deliver(&second, delivery(), count).await.unwrap();
            Ok(UnitOfWork::new("late".to_owned()))
        }
    })
    .await
}

const OUTCOMES: [&str; 10] = [
    "failed",
    "conflict",
    "new",
    "lease_lost",
    "duplicate",
    "mismatch",
    "duplicate",
    "cache_hit",
    "bad_key",
    "replay_refused",
];

#[tokio::test]
async fn each_outcome_is_logged_once_with_consumer_and_record() {
    let (world, log) = (World::new().await, Log::default());
    log.of(every_outcome(&world)).await;
    let lines: Vec<_> =
        log.lines().into_iter().filter(|line| line["fields"]["message"] == "idempotency").collect();
    let outcomes: Vec<_> =
        lines.iter().map(|line| line["fields"]["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, OUTCOMES);
    for line in &lines[..8] {
        assert_eq!(line["span"]["consumer"], "counter", "{line}");
        assert_eq!(line["span"]["id"], record_id(&delivery()), "{line}");
        assert_eq!(line["span"]["outcome"], line["fields"]["outcome"], "{line}");
    }
    let level = |outcome: &str| {
        lines.iter().find(|line| line["fields"]["outcome"] == outcome).unwrap()["level"].clone()
    };
    assert_eq!((level("new"), level("duplicate")), ("DEBUG".into(), "INFO".into()));
    assert_eq!((level("lease_lost"), level("mismatch")), ("WARN".into(), "ERROR".into()));
}

#[test]
fn each_outcome_is_counted_by_consumer() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { every_outcome(&World::new().await).await });
    });
    let mut counted: Vec<(String, u64)> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            assert_eq!(key.key().name(), "idempotency_requests_total");
            let labels: Vec<_> = key.key().labels().map(|it| (it.key(), it.value())).collect();
            let [("consumer", "counter"), ("outcome", outcome)] = labels[..] else {
                panic!("{labels:?}")
            };
            let DebugValue::Counter(count) = value else { panic!("{value:?}") };
            (outcome.to_owned(), count)
        })
        .collect();
    counted.sort();
    let once = |outcome: &str| (outcome.to_owned(), 1);
    let expected = [
        once("bad_key"),
        once("cache_hit"),
        once("conflict"),
        ("duplicate".to_owned(), 2),
        once("failed"),
        once("lease_lost"),
        once("mismatch"),
        once("new"),
        once("replay_refused"),
    ];
    assert_eq!(counted, expected);
}
