//! Two attempts at one request at the same time, in any interleaving, on clocks that differ.

use std::time::Duration;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestCaseError, TestRunner},
};

use super::{
    Subject,
    bench::{
        Bench, CONSUMER, Guarding, Holding, LEASE, LEASE_OVER, Reply, SKEW, TICK, deliver, hold,
        request,
    },
};
use crate::{Completion, IdempotencyLayer};

const CASES: u32 = 96;

/// The next step of the interleaving.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A holder that is idle gets the request.
    Start(usize),
    /// A holder that is running ends its side effect, however late.
    Finish(usize),
    /// A holder that is running dies.
    Crash(usize),
    /// Time passes: milliseconds.
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lease = u64::try_from(LEASE.as_millis()).unwrap_or(1);
    let over = u64::try_from(LEASE_OVER.as_millis()).unwrap_or(1);
    let step = prop_oneof![
        4 => (0..2_usize).prop_map(Step::Start),
        3 => (0..2_usize).prop_map(Step::Finish),
        1 => (0..2_usize).prop_map(Step::Crash),
        1 => (0..lease).prop_map(Step::Pass),
        2 => (over..over * 2).prop_map(Step::Pass),
        // The interesting moments are around the end of a lease.
        1 => (lease - 5..over + 5).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..14)
}

/// How far the clocks of the two are off, in milliseconds: by no more than the stated skew.
fn clocks() -> impl Strategy<Value = [i64; 2]> {
    let half = i64::try_from(SKEW.as_millis() / 2).unwrap_or(0);
    [-half..=half, -half..=half]
}

/// The one case that is drawn at random.
pub async fn two_holders_perform_one_side_effect_with_clocks_that_differ<B: Subject>(subject: &B) {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let worlds = (any::<bool>(), clocks(), steps());
    for _ in 0..CASES {
        let mut world = match worlds.new_tree(&mut runner) {
            Ok(world) => world,
            Err(reason) => panic!("{reason}"),
        };
        if let Err(error) = one_effect(subject, &world.current()).await {
            let (smallest, error) = shrink(subject, &mut world, error).await;
            panic!("{error}; (leased, clocks, steps): {smallest:?}");
        }
    }
}

type World = (bool, [i64; 2], Vec<Step>);

/// The smallest world that fails. (The runner would do it for a closure, but not for a future.)
async fn shrink<B: Subject>(
    subject: &B,
    tree: &mut impl ValueTree<Value = World>,
    mut error: TestCaseError,
) -> (World, TestCaseError) {
    let mut smallest = tree.current();
    while tree.simplify() {
        match one_effect(subject, &tree.current()).await {
            Err(smaller) => (smallest, error) = (tree.current(), smaller),
            Ok(()) => {
                if !tree.complicate() {
                    break;
                }
            }
        }
    }
    (smallest, error)
}

struct Holders<'a, B: Subject> {
    bench: Bench<'a, B>,
    layers: [Guarding<B::Store>; 2],
    at_it: [Option<(Holding, i64)>; 2],
    replies: Vec<Reply>,
}

async fn one_effect<B: Subject>(
    subject: &B,
    (leased, clocks, steps): &World,
) -> Result<(), TestCaseError> {
    let bench = Bench::new(subject).await;
    let layers = clocks.map(|off| {
        let config = bench.config_in(bench.store.clone(), CONSUMER, off);
        if *leased {
            IdempotencyLayer::leased(config)
        } else {
            IdempotencyLayer::transactional(config)
        }
    });
    let mut holders = Holders { bench, layers, at_it: [None, None], replies: Vec::new() };
    for step in steps {
        holders.go(*step, *leased).await?;
    }
    for holder in 0..holders.at_it.len() {
        holders.go(Step::Finish(holder), *leased).await?;
    }
    let Holders { bench, layers: [layer, _], mut replies, .. } = holders;
    bench.pass(LEASE_OVER + SKEW + TICK);
    replies.push(deliver(&layer, request(), bench.count()).await);

    prop_assert!(replies.last().is_some_and(Result::is_ok), "{replies:?}");
    let new = replies.iter().filter(|reply| matches!(reply, Ok(Completion::New(_)))).count();
    prop_assert_eq!(new, 1, "{:?}", replies);
    let results = replies.iter().flatten().cloned().filter_map(Completion::into_result);
    prop_assert!(results.into_iter().all(|result| result == "counted"));
    prop_assert_eq!((bench.counted().await, bench.published().await), (1, 1));
    Ok(())
}

impl<B: Subject> Holders<'_, B> {
    async fn go(&mut self, step: Step, leased: bool) -> Result<(), TestCaseError> {
        match step {
            Step::Start(holder) if self.at_it[holder].is_none() => {
                let layer = self.layers[holder].clone();
                match hold(layer, request(), Some(self.bench.count())).await {
                    Ok(holding) => self.let_in(holder, holding, leased)?,
                    Err(reply) => self.replies.push(reply),
                }
            }
            Step::Start(_) => {}
            Step::Finish(holder) => {
                if let Some((holding, _)) = self.at_it[holder].take() {
                    self.replies.push(holding.finish().await);
                }
            }
            Step::Crash(holder) => {
                if let Some((holding, _)) = self.at_it[holder].take() {
                    holding.crash();
                }
            }
            Step::Pass(millis) => self.bench.pass(Duration::from_millis(millis)),
        }
        Ok(())
    }

    /// An attempt that gets the lease has not taken it from a live holder before its end.
    fn let_in(
        &mut self,
        holder: usize,
        holding: Holding,
        leased: bool,
    ) -> Result<(), TestCaseError> {
        let now = self.bench.now_millis();
        if let (true, Some((_, since))) = (leased, &self.at_it[1 - holder]) {
            let lease = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
            prop_assert!(now - since > lease, "taken over {} ms after its claim", now - since);
        }
        self.at_it[holder] = Some((holding, now));
        Ok(())
    }
}
