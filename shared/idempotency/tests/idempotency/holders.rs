//! Two deliveries of one event at the same time, in any interleaving.

use std::sync::{Arc, Mutex};

use idempotency::{Attempt, Completion, IdempotencyLayer};
use local_dynamodb::FaultPlan;
use proptest::prelude::*;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    handlers::{Reply, count, counting, deliver},
    world::{LEASE, RECORDS, TICK, World, delivery, text},
};

/// Something that happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A holder that is idle gets the event.
    Start(usize),
    /// A holder that is at it has had its effect.
    Finish(usize),
    /// Time passes: quarters of a lease.
    Pass(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..2_usize).prop_map(Step::Start),
        (0..2_usize).prop_map(Step::Finish),
        (1..6_u32).prop_map(Step::Pass),
    ]
}

/// A delivery that waits within its handler.
struct Holding {
    finish: oneshot::Sender<()>,
    reply: JoinHandle<Reply>,
}

impl Holding {
    async fn finish(self) -> Reply {
        self.finish.send(()).unwrap();
        self.reply.await.unwrap()
    }
}

/// Delivers the event. Either it comes as far as the handler, or it ends at once.
async fn start(layer: IdempotencyLayer<String>) -> Result<Holding, Reply> {
    let (finish, finished) = oneshot::channel::<()>();
    let (entered, mut entering) = mpsc::channel(1);
    let finished = Arc::new(Mutex::new(Some(finished)));
    let handler = move |attempt: Attempt<event_envelope::Delivery>| {
        let (entered, finished) = (entered.clone(), finished.lock().unwrap().take());
        async move {
            entered.send(()).await.unwrap();
            // There is one gate: nothing is decided twice here.
            finished.unwrap().await.unwrap();
            Ok(counting(&attempt.request.envelope))
        }
    };
    let reply = tokio::spawn(async move { deliver(&layer, delivery(), handler).await });
    // The channel closes without a word when the delivery ends without the handler.
    match entering.recv().await {
        Some(()) => Ok(Holding { finish, reply }),
        None => Err(reply.await.unwrap()),
    }
}

async fn run(world: &World, layer: &IdempotencyLayer<String>, steps: &[Step]) -> Vec<Reply> {
    let mut holders = [None, None];
    let mut replies = Vec::new();
    for step in steps {
        match *step {
            Step::Start(holder) if holders[holder].is_none() => match start(layer.clone()).await {
                Ok(holding) => holders[holder] = Some(holding),
                Err(reply) => replies.push(reply),
            },
            Step::Finish(holder) => {
                if let Some(holding) = holders[holder].take() {
                    replies.push(holding.finish().await);
                }
            }
            Step::Pass(quarters) => world.pass(LEASE / 4 * quarters),
            Step::Start(_) => (),
        }
    }
    for holding in holders.into_iter().flatten() {
        replies.push(holding.finish().await);
    }
    world.pass(LEASE + TICK);
    replies.push(deliver(layer, delivery(), count).await);
    replies
}

async fn one_effect(leased: bool, steps: &[Step]) -> Result<(), TestCaseError> {
    let world = World::new().await;
    let none = FaultPlan::none();
    let layer = if leased { world.leased(none) } else { world.transactional(none) };
    let replies = run(&world, &layer, steps).await;
    let new = replies.iter().filter(|it| matches!(it, Ok(Completion::New(_)))).count();
    prop_assert_eq!(new, 1, "{:?}", replies);
    prop_assert!(replies.last().unwrap().is_ok());
    let told = replies.iter().flatten().map(|it| match it {
        Completion::New(result) | Completion::Replayed(result) => result,
    });
    prop_assert!(told.into_iter().all(|result| result == "counted"));
    prop_assert_eq!(world.count("a").await, 1);
    prop_assert_eq!(world.outgoing(RECORDS).concat().len(), 1);
    let record = world.record(&delivery()).await.unwrap();
    prop_assert_eq!(&record["status"], &text("COMPLETED"));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn two_holders_commit_one_effect(
        leased: bool,
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(one_effect(leased, &steps))?;
    }
}
