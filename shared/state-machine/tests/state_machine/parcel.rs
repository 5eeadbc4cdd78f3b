//! A parcel: a machine with two commands, and a carrier that notes who asked it for what.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, Once},
};

use event_envelope::{AggregateId, Draft, Envelope, Version};
use idempotency::Item;
use local_dynamodb::FaultPlan;
use runtime::{Clock, Done, Failure, IdGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use state_machine::{Attempt, Handled, Runner, RunnerConfig, StateMachine, Trigger};
use time::OffsetDateTime;
use tokio::runtime::Builder;

use crate::world::{LEASE, MACHINES, World, event};

/// After how many attempts a parcel is stuck that does not come back.
pub(crate) const EXHAUSTED_AFTER: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// A parcel is sent when it is packed and paid, and fetched back when it is recalled. A recall
/// never stops it on its way out, so that every order of inputs ends alike. Sending is tried for
/// ever; fetching is abandoned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    packed: bool,
    paid: bool,
    recalled: bool,
    sent: bool,
    returned: bool,
    /// The customer may keep it after all.
    #[serde(default)]
    kept: bool,
    /// After how many attempts fetching it was abandoned, and why.
    #[serde(default)]
    pub(crate) stuck: Option<(u32, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Packed,
    Paid,
    Recalled,
    Kept,
    Resumed,
    Sent,
    Returned,
    GaveUp { attempts: u32, reason: &'static str },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Send,
    Fetch,
}

impl StateMachine for Parcel {
    type Input = Input;
    type Command = Command;
    type Event = &'static str;

    fn transition(mut self, input: &Input) -> (Self, Vec<&'static str>) {
        let was_ready = self.packed && self.paid;
        match input {
            Input::Packed => self.packed = true,
            Input::Paid => self.paid = true,
            Input::Recalled => self.recalled = true,
            Input::Sent if !self.sent => {
                self.sent = true;
                return (self, vec!["ParcelSent", "InvoiceDue"]);
            }
            Input::Returned if !self.returned => {
                self.returned = true;
                return (self, vec!["ParcelReturned"]);
            }
            Input::Kept => self.kept = true,
            Input::Resumed => self.stuck = None,
            Input::GaveUp { attempts, reason } => {
                self.stuck = Some((*attempts, (*reason).to_owned()));
                return (self, vec!["ParcelStuck"]);
            }
            Input::Sent | Input::Returned => (),
        }
        let is_new = self.packed && self.paid && !was_ready;
        (self, is_new.then_some("ParcelReady").into_iter().collect())
    }

    fn pending(&self) -> Option<Command> {
        if self.packed && self.paid && !self.sent {
            Some(Command::Send)
        } else if self.sent && self.recalled && !self.kept && !self.returned && self.stuck.is_none()
        {
            Some(Command::Fetch)
        } else {
            None
        }
    }

    fn on_exhausted(command: &Command, attempts: u32, reason: &str) -> Option<Input> {
        match command {
            Command::Send => None,
            Command::Fetch => Some(Input::GaveUp { attempts, reason: reason.to_owned().leak() }),
        }
    }

    fn draft(
        event: &&'static str,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        Draft {
            event_type: (*event).to_owned(),
            event_version: Version::new(1, 0),
            source: "parcels".to_owned(),
            timestamp: at,
            aggregate_id: aggregate,
            sequence_number: sequence,
            data: json!({}),
        }
    }
}

/// All events of a parcel's life, with their places in its history.
pub(crate) const LIFE: [(&str, u64); 4] =
    [("ParcelReady", 1), ("ParcelSent", 2), ("InvoiceDue", 3), ("ParcelReturned", 4)];

/// What was asked of the carrier, in order. The numbers of the attempts are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carrier(Arc<Mutex<Vec<Attempt<Command>>>>);

impl Carrier {
    pub(crate) fn asked(&self) -> Vec<Attempt<Command>> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) async fn run(&self, attempt: Attempt<Command>) -> Result<Input, Failure> {
        self.0.lock().unwrap().push(Attempt { number: 1, ..attempt });
        Ok(match attempt.command {
            Command::Send => Input::Sent,
            Command::Fetch => Input::Returned,
        })
    }
}

pub(crate) fn first(command: Command) -> Attempt<Command> {
    Attempt { command, may_have_run: false, number: 1 }
}

pub(crate) fn resumed(command: Command) -> Attempt<Command> {
    Attempt { command, may_have_run: true, number: 1 }
}

pub(crate) fn parcel() -> AggregateId {
    AggregateId::parse("parcel-1").unwrap()
}

/// The event by which an input comes.
pub(crate) fn cause(input: Input) -> Envelope {
    let sequence = match input {
        Input::Packed => 1,
        Input::Paid => 2,
        Input::Recalled => 3,
        Input::Kept => 4,
        Input::Resumed => 5,
        Input::Sent | Input::Returned | Input::GaveUp { .. } => {
            panic!("{input:?} is an answer, no event brings it")
        }
    };
    event(sequence, json!({ "input": format!("{input:?}") }))
}

/// A function that runs parcels, and the world it runs in.
#[derive(Debug, Clone)]
pub(crate) struct Depot {
    pub(crate) world: World,
    pub(crate) carrier: Carrier,
    runner: Runner,
}

impl Depot {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let runner = runner(&world, FaultPlan::none(), world.clock());
        Self { world, carrier: Carrier::default(), runner }
    }

    /// The same depot, run by a process with faults.
    pub(crate) fn with(&self, plan: FaultPlan) -> Self {
        Self { runner: runner(&self.world, plan, self.world.clock()), ..self.clone() }
    }

    /// The same depot, run by a process that is overtaken: a row is read before the time is asked
    /// for, and written after it, and meanwhile the depot handles `input`.
    pub(crate) fn overtaken_by(&self, input: Input) -> Self {
        let (rival, received) = (self.clone(), Once::new());
        let clock = Clock::from_fn(move || {
            let act = || {
                let runtime = Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(rival.handle(input)).unwrap();
            };
            received.call_once(|| std::thread::scope(|scope| scope.spawn(act).join().unwrap()));
            rival.world.clock().now()
        });
        Self { runner: runner(&self.world, FaultPlan::none(), clock), ..self.clone() }
    }

    pub(crate) async fn handle(&self, input: Input) -> Result<Done, Failure> {
        self.handle_with(&cause(input), input, async |attempt| self.carrier.run(attempt).await)
            .await
    }

    pub(crate) async fn handle_with<'a>(
        &self,
        trigger: impl Into<Trigger<'a>>,
        input: Input,
        run: impl AsyncFn(Attempt<Command>) -> Result<Input, Failure>,
    ) -> Result<Done, Failure> {
        let handled = self.runner.handle::<Parcel, _>(&parcel(), trigger, input, run).await?;
        Ok(handled.done)
    }

    /// Handles an input, and gives all that the call returns.
    pub(crate) async fn handled(&self, input: Input) -> Result<Handled<Parcel>, Failure> {
        let run = async |attempt| self.carrier.run(attempt).await;
        self.runner.handle(&parcel(), &cause(input), input, run).await
    }

    /// Handles several inputs at once.
    pub(crate) async fn handle_all(
        &self,
        trigger: Trigger<'_>,
        inputs: &[Input],
    ) -> Result<Done, Failure> {
        let run = async |attempt| self.carrier.run(attempt).await;
        let handled = self.runner.handle_all::<Parcel, _>(&parcel(), trigger, inputs, run).await?;
        Ok(handled.done)
    }

    /// What runs its parcels.
    pub(crate) const fn runner(&self) -> &Runner {
        &self.runner
    }

    pub(crate) async fn loaded(&self) -> Result<Parcel, Failure> {
        self.runner.state(&parcel()).await
    }

    pub(crate) async fn row(&self) -> Item {
        self.world.item(parcel().as_str()).await.unwrap()
    }

    pub(crate) async fn state(&self) -> Parcel {
        serde_dynamo::from_attribute_value(self.row().await["state"].clone()).unwrap()
    }

    /// The events that each write to the item added.
    pub(crate) fn published(&self) -> Vec<Vec<(String, u64)>> {
        let writes = self.world.outgoing().into_iter();
        let name = |event: Envelope| (event.event_type, event.sequence_number);
        writes.map(|events| events.into_iter().map(name).collect()).collect()
    }
}

fn runner(world: &World, plan: FaultPlan, clock: Clock) -> Runner {
    let exhausted_after = EXHAUSTED_AFTER;
    let config =
        RunnerConfig { lease: LEASE, exhausted_after, ..RunnerConfig::new(MACHINES, "id") };
    Runner::new(world.database.client_with(plan), config, clock, IdGenerator::random())
}

/// Names of events with their places, to compare with the published ones.
pub(crate) fn named(events: &[(&str, u64)]) -> Vec<(String, u64)> {
    events.iter().map(|(name, sequence)| ((*name).to_owned(), *sequence)).collect()
}
