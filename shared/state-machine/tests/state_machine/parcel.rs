//! A parcel: a machine with two effects, and a carrier that notes who asked it for what.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, Once},
};

use clock::{Clock, Tokens};
use event_envelope::{AggregateId, Draft, Envelope, Version};
use idempotency::Item;
use local_dynamodb::FaultPlan;
use outcome::{Done, Failure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use state_machine::{Cause, Due, Host, HostSettings, Machine};
use time::OffsetDateTime;
use tokio::runtime::Builder;

use crate::world::{LEASE, MACHINES, World, event};

/// After how many attempts a parcel is stuck that does not come back.
pub(crate) const REVIEW_AFTER: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// A parcel is sent when it is packed and paid, and fetched back when it is recalled. A recall
/// never stops it on its way out, so that every order of facts ends alike. Sending is tried for
/// ever; fetching is given up.
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
    /// After how many attempts it was given up to fetch it, and why.
    #[serde(default)]
    pub(crate) stuck: Option<(u32, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
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
pub(crate) enum Effect {
    Send,
    Fetch,
}

impl Machine for Parcel {
    type Fact = Fact;
    type Effect = Effect;
    type Event = &'static str;

    fn apply(mut self, fact: &Fact) -> (Self, Vec<&'static str>) {
        let was_ready = self.packed && self.paid;
        match fact {
            Fact::Packed => self.packed = true,
            Fact::Paid => self.paid = true,
            Fact::Recalled => self.recalled = true,
            Fact::Sent if !self.sent => {
                self.sent = true;
                return (self, vec!["ParcelSent", "InvoiceDue"]);
            }
            Fact::Returned if !self.returned => {
                self.returned = true;
                return (self, vec!["ParcelReturned"]);
            }
            Fact::Kept => self.kept = true,
            Fact::Resumed => self.stuck = None,
            Fact::GaveUp { attempts, reason } => {
                self.stuck = Some((*attempts, (*reason).to_owned()));
                return (self, vec!["ParcelStuck"]);
            }
            Fact::Sent | Fact::Returned => (),
        }
        let says_ready = self.packed && self.paid && !was_ready;
        (self, says_ready.then_some("ParcelReady").into_iter().collect())
    }

    fn due(&self) -> Option<Effect> {
        if self.packed && self.paid && !self.sent {
            Some(Effect::Send)
        } else if self.sent && self.recalled && !self.kept && !self.returned && self.stuck.is_none()
        {
            Some(Effect::Fetch)
        } else {
            None
        }
    }

    fn give_up(effect: &Effect, attempts: u32, reason: &str) -> Option<Fact> {
        match effect {
            Effect::Send => None,
            Effect::Fetch => Some(Fact::GaveUp { attempts, reason: reason.to_owned().leak() }),
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

/// Everything that parcels say in their life, with its place in their history.
pub(crate) const LIFE: [(&str, u64); 4] =
    [("ParcelReady", 1), ("ParcelSent", 2), ("InvoiceDue", 3), ("ParcelReturned", 4)];

/// What was asked of the carrier, in order. The numbers of the attempts are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carrier(Arc<Mutex<Vec<Due<Effect>>>>);

impl Carrier {
    pub(crate) fn asked(&self) -> Vec<Due<Effect>> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) async fn perform(&self, due: Due<Effect>) -> Result<Fact, Failure> {
        self.0.lock().unwrap().push(Due { attempt: 1, ..due });
        Ok(match due.effect {
            Effect::Send => Fact::Sent,
            Effect::Fetch => Fact::Returned,
        })
    }
}

pub(crate) fn first(effect: Effect) -> Due<Effect> {
    Due { effect, resumed: false, attempt: 1 }
}

pub(crate) fn resumed(effect: Effect) -> Due<Effect> {
    Due { effect, resumed: true, attempt: 1 }
}

pub(crate) fn parcel() -> AggregateId {
    AggregateId::parse("parcel-1").unwrap()
}

/// The event by which a fact comes.
pub(crate) fn cause(fact: Fact) -> Envelope {
    let sequence = match fact {
        Fact::Packed => 1,
        Fact::Paid => 2,
        Fact::Recalled => 3,
        Fact::Kept => 4,
        Fact::Resumed => 5,
        Fact::Sent | Fact::Returned | Fact::GaveUp { .. } => {
            panic!("{fact:?} is an answer, no event brings it")
        }
    };
    event(sequence, json!({ "fact": format!("{fact:?}") }))
}

/// A function that hosts parcels, and the world it runs in.
#[derive(Debug, Clone)]
pub(crate) struct Depot {
    pub(crate) world: World,
    pub(crate) carrier: Carrier,
    host: Host,
}

impl Depot {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let host = host(&world, FaultPlan::none(), world.clock());
        Self { world, carrier: Carrier::default(), host }
    }

    /// The same depot, run by a process with faults.
    pub(crate) fn with(&self, plan: FaultPlan) -> Self {
        Self { host: host(&self.world, plan, self.world.clock()), ..self.clone() }
    }

    /// The same depot, run by a process that is overtaken: a row is read before the time is asked
    /// for, and written after it, and meanwhile the depot hears `fact`.
    pub(crate) fn overtaken_by(&self, fact: Fact) -> Self {
        let (rival, heard) = (self.clone(), Once::new());
        let clock = Clock::from_fn(move || {
            let act = || {
                let runtime = Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(rival.hear(fact)).unwrap();
            };
            heard.call_once(|| std::thread::scope(|scope| scope.spawn(act).join().unwrap()));
            rival.world.clock().now()
        });
        Self { host: host(&self.world, FaultPlan::none(), clock), ..self.clone() }
    }

    pub(crate) async fn hear(&self, fact: Fact) -> Result<Done, Failure> {
        self.hear_with(&cause(fact), fact, async |due| self.carrier.perform(due).await).await
    }

    pub(crate) async fn hear_with<'a>(
        &self,
        cause: impl Into<Cause<'a>>,
        fact: Fact,
        perform: impl AsyncFn(Due<Effect>) -> Result<Fact, Failure>,
    ) -> Result<Done, Failure> {
        self.host.handle::<Parcel, _>(&parcel(), cause, fact, perform).await
    }

    /// Hears several facts at once.
    pub(crate) async fn hear_all(&self, cause: Cause<'_>, facts: &[Fact]) -> Result<Done, Failure> {
        let perform = async |due| self.carrier.perform(due).await;
        self.host.handle_all::<Parcel, _>(&parcel(), cause, facts, perform).await
    }

    /// Where its parcels live.
    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) async fn look(&self) -> Result<Parcel, Failure> {
        self.host.look(&parcel()).await
    }

    pub(crate) async fn row(&self) -> Item {
        self.world.item(parcel().as_str()).await.unwrap()
    }

    pub(crate) async fn state(&self) -> Parcel {
        serde_dynamo::from_attribute_value(self.row().await["state"].clone()).unwrap()
    }

    /// What each write to the row said.
    pub(crate) fn said(&self) -> Vec<Vec<(String, u64)>> {
        let writes = self.world.outgoing().into_iter();
        let name = |event: Envelope| (event.event_type, event.sequence_number);
        writes.map(|events| events.into_iter().map(name).collect()).collect()
    }
}

fn host(world: &World, plan: FaultPlan, clock: Clock) -> Host {
    let settings = HostSettings { table: MACHINES.to_owned(), key: "id", lease: LEASE };
    let client = world.database.client_with(plan);
    Host::new(client, settings, clock, Tokens::random()).review_after(REVIEW_AFTER)
}

/// Names of events with their places, to compare with what was said.
pub(crate) fn named(events: &[(&str, u64)]) -> Vec<(String, u64)> {
    events.iter().map(|(name, sequence)| ((*name).to_owned(), *sequence)).collect()
}
