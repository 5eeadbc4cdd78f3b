//! A life of an account, with every fault at every call.

use event_envelope::{Actor, CorrelationId, EventId};
use event_store::{Causation, EventStore, ExecuteError, execute};
use local_dynamodb::{Fault, FaultPlan};
use runtime::Clock;

use crate::{
    account::{Account, Command, Overdrawn},
    world::{NOW, World, thing},
};

const COMMANDS: [Command; 4] = [
    Command::Deposit("d1", 100),
    Command::Withdraw("w1", 30),
    Command::Deposit("d2", 5),
    Command::Withdraw("w2", 60),
];
const BOOKED: [&str; 6] = ["d1", "w1", "fee-w1", "d2", "w2", "fee-w2"];

/// Gives a command, and returns whether it is done.
async fn give(store: &EventStore, command: Command) -> Result<(), ExecuteError<Overdrawn>> {
    let (correlation, actor) = (CorrelationId::of("test"), Actor::default());
    let causation = Causation::Root(&correlation, &actor);
    execute::<Account>(store, &thing(), &command, causation, &Clock::fixed(NOW)).await.map(drop)
}

#[tokio::test]
async fn whatever_fails_each_command_takes_effect_once() {
    let flawless = FaultPlan::none();
    let world = World::new().await;
    for command in COMMANDS {
        give(&world.store_with(flawless.clone()), command).await.unwrap();
    }
    assert_eq!(flawless.calls(), 2 * COMMANDS.len());

    for fault in Fault::ALL {
        for call in 0..flawless.calls() {
            let world = World::new().await;
            let faulty = world.store_with(FaultPlan::at(call, fault));
            for command in COMMANDS {
                // A caller without an answer retries, later and in another process.
                if give(&faulty, command).await.is_err() {
                    give(&world.store(), command).await.unwrap();
                }
            }
            let context = format!("{fault:?} at call {call}");
            let stream = world.store().load(&thing(), 0).await.unwrap();
            let ids: Vec<_> = stream.iter().map(|it| it.data["id"].as_str().unwrap()).collect();
            assert_eq!(ids, BOOKED, "{context}");
            for (event, sequence) in stream.iter().zip(1..) {
                let id = EventId::of_sequence("accounts", &thing(), sequence);
                assert_eq!(event.event_id, id, "{context}");
            }
        }
    }
}
