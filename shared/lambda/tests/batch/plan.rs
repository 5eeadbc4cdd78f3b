//! Services that do as planned, and record their calls.

use std::{
    collections::BTreeSet,
    future::{Ready, ready},
    sync::{Arc, Mutex},
};

use lambda::batch::{Disposition, Poison};
use proptest::prelude::*;
use runtime::{Done, Failure};
use tower::{Service, service_fn};

use crate::records::Numbered;

/// How the handling of a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Retry,
    /// It fails for good, and dead-lettering it ends so.
    Poison(Result<Disposition, ()>),
}

/// One record of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// One of few, so that records share them.
    pub(crate) key: Option<String>,
    pub(crate) end: End,
    /// How often it lets others go first; at least once, so that records do meet.
    pub(crate) yields: usize,
}

impl Step {
    /// Whether it is to be delivered again.
    pub(crate) fn fails(&self) -> bool {
        match self.end {
            End::Done | End::Poison(Ok(Disposition::DeadLettered)) => false,
            End::Retry | End::Poison(Ok(Disposition::Left) | Err(())) => true,
        }
    }
}

pub(crate) fn ends() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => Just(End::Done),
        2 => Just(End::Retry),
        1 => Just(End::Poison(Ok(Disposition::DeadLettered))),
        1 => Just(End::Poison(Ok(Disposition::Left))),
        1 => Just(End::Poison(Err(()))),
    ]
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = prop_oneof![1 => Just(None), 4 => "[a-d]".prop_map(Some)];
    let step = (key, ends(), 1_usize..5);
    prop::collection::vec(step.prop_map(|(key, end, yields)| Step { key, end, yields }), 0..25)
}

/// What was seen of a plan.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The records that were handled, as they began.
    pub(crate) handled: Vec<usize>,
    /// The records that were dead-lettered or were to be.
    pub(crate) poison: BTreeSet<usize>,
    in_flight: Vec<usize>,
    /// The most that were in flight at a time.
    pub(crate) most: usize,
    /// Pairs of one key that were in flight at the same time.
    pub(crate) clashes: Vec<(usize, usize)>,
}

/// The steps of a plan by the numbers of their records, and what was seen of it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    steps: Arc<Vec<Step>>,
    seen: Arc<Mutex<Seen>>,
}

impl Plan {
    pub(crate) fn new(steps: &[Step]) -> Self {
        Self { steps: Arc::new(steps.to_vec()), seen: Arc::default() }
    }

    pub(crate) fn service<R: Numbered>(
        &self,
    ) -> impl Service<R, Response = Done, Error = Failure, Future: Send> + Clone + Send + Sync + use<R>
    {
        let plan = self.clone();
        service_fn(move |record: R| {
            let plan = plan.clone();
            let number = record.number();
            async move {
                plan.begin(number);
                let Step { end, yields, .. } = plan.steps[number];
                for _ in 0..yields {
                    tokio::task::yield_now().await;
                }
                plan.seen.lock().unwrap().in_flight.retain(|it| *it != number);
                match end {
                    End::Done => Ok(Done::Handled),
                    End::Retry => Err(Failure::retry("not yet")),
                    End::Poison(_) => Err(Failure::permanent("never")),
                }
            }
        })
    }

    fn begin(&self, number: usize) {
        let seen = &mut *self.seen.lock().unwrap();
        let key = &self.steps[number].key;
        let same = |other: &&usize| key.is_some() && &self.steps[**other].key == key;
        seen.clashes.extend(seen.in_flight.iter().filter(same).map(|other| (*other, number)));
        seen.handled.push(number);
        seen.in_flight.push(number);
        seen.most = seen.most.max(seen.in_flight.len());
    }

    pub(crate) fn poison<R: Numbered>(
        &self,
    ) -> impl Service<
        Poison<R>,
        Response = Disposition,
        Error = &'static str,
        Future = Ready<Result<Disposition, &'static str>>,
    > + Clone
    + Send
    + Sync
    + use<R> {
        let plan = self.clone();
        service_fn(move |poison: Poison<R>| {
            assert_eq!(poison.reason.to_string(), "never");
            let number = poison.record.number();
            plan.seen.lock().unwrap().poison.insert(number);
            ready(match plan.steps[number].end {
                End::Poison(disposition) => disposition.map_err(|()| "no room"),
                End::Done | End::Retry => panic!("{number} is not poison"),
            })
        })
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}
