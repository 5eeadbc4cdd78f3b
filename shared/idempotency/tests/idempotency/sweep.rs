//! One delivery with every fault at every call, and another one after it.

use std::sync::{Arc, Mutex};

use event_envelope::Delivery;
use idempotency::{Attempt, Completion};
use local_dynamodb::{Fault, FaultPlan};

use crate::{
    handlers::{Decision, Reply, count, counting, deliver},
    world::{Guarded, LEASE_OVER, RECORDS, TICK, World, answer, delivery, record_id, text},
};

/// How often a delivery is repeated before a test fails.
const DELIVERIES_MAX: usize = 3;

/// The keys under which an effect was had elsewhere.
#[derive(Debug, Clone, Default)]
struct Provider(Arc<Mutex<Vec<String>>>);

impl Provider {
    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// A handler that has the effect, and counts.
    fn handler(
        &self,
    ) -> impl Fn(Attempt<Delivery>) -> std::future::Ready<Decision> + Clone + use<> {
        let provider = self.clone();
        move |attempt| {
            provider.0.lock().unwrap().push(attempt.id.clone());
            std::future::ready(Ok(counting(&attempt.request.envelope)))
        }
    }
}

/// Repeats the delivery until it is acknowledged, as a queue does.
async fn complete(world: &World, layer: &Guarded, provider: &Provider) -> Reply {
    for _ in 1..DELIVERIES_MAX {
        let reply = deliver(layer, delivery(), provider.handler()).await;
        if reply.is_ok() {
            return reply;
        }
        world.pass(LEASE_OVER + TICK);
    }
    deliver(layer, delivery(), provider.handler()).await
}

/// Counted once, recorded, and published in one write with one id.
async fn check_one_effect(world: &World, context: &str) {
    assert_eq!(world.count("a").await, 1, "{context}");
    let record = world.record(&delivery()).await.unwrap();
    assert_eq!(record["status"], text("COMPLETED"), "{context}");
    assert_eq!(record["result"], text("\"counted\""), "{context}");
    let published = world.outgoing(RECORDS).concat();
    let expected = answer(&delivery().envelope, serde_json::json!({ "counted": true }));
    assert_eq!(published, [expected], "{context}");
}

#[tokio::test]
async fn a_transaction_takes_effect_once_whatever_fails() {
    let flawless = FaultPlan::none();
    let world = World::new().await;
    deliver(&world.transactional(flawless.clone()), delivery(), count).await.unwrap();
    assert_eq!(flawless.calls(), 1);
    for fault in Fault::ALL {
        // One more than there are calls: the SDK's second try may meet the fault as well.
        for call in 0..=flawless.calls() {
            let context = format!("{fault:?} at call {call}");
            let (world, provider) = (World::new().await, Provider::default());
            let faulty = world.transactional(FaultPlan::at(call, fault));
            let first = deliver(&faulty, delivery(), provider.handler()).await;
            let then = complete(&world, &world.transactional(FaultPlan::none()), &provider).await;
            let replayed = Completion::Replayed("counted".to_owned());
            match (first, fault) {
                (Ok(first), _) => {
                    assert_eq!(first, Completion::New("counted".to_owned()), "{context}");
                    assert_eq!(then.unwrap(), replayed, "{context}");
                }
                (Err(_), Fault::CrashAfter) => assert_eq!(then.unwrap(), replayed, "{context}"),
                (Err(_), _) => {
                    let new = Completion::New("counted".to_owned());
                    assert_eq!(then.unwrap(), new, "{context}");
                }
            }
            check_one_effect(&world, &context).await;
        }
    }
}

#[tokio::test]
async fn a_leased_effect_is_had_once_unless_its_holder_dies_before_it_is_recorded() {
    let flawless = FaultPlan::none();
    let world = World::new().await;
    deliver(&world.leased(flawless.clone()), delivery(), count).await.unwrap();
    let completion = 1;
    assert_eq!(flawless.calls(), completion + 1);
    for fault in Fault::ALL {
        for call in 0..=flawless.calls() {
            let context = format!("{fault:?} at call {call}");
            let (world, provider) = (World::new().await, Provider::default());
            let faulty = world.leased(FaultPlan::at(call, fault));
            // The answer is lost with the process: a crash must not be seen in what follows.
            drop(deliver(&faulty, delivery(), provider.handler()).await);
            complete(&world, &world.leased(FaultPlan::none()), &provider).await.unwrap();
            check_one_effect(&world, &context).await;
            let repeated = fault == Fault::CrashBefore && call == completion;
            let key = record_id(&delivery());
            assert_eq!(provider.asked(), vec![key; 1 + usize::from(repeated)], "{context}");
        }
    }
}
