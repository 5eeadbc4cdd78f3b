//! Many worlds: every fault at every point, many seeds, and the least that it takes to fail.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{InjectedFault, Plan, Profile, Run, Story, World};

/// Plays every case on as many threads as the machine has cores, and gives the runs that failed.
pub fn play_all<C: Sync>(cases: &[C], play: impl Fn(&C) -> Run + Sync) -> Vec<Run> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let run = play(case);
            if !run.holds() {
                failed.push(run);
            }
        }
        failed
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Every fault at every point that `stories` meet.
pub fn every_fault(seed: u64, stories: &[Story]) -> Vec<InjectedFault> {
    let calm = World::new(seed, Plan::Exactly(Vec::new(), Profile::calm())).play(stories);
    let injected = calm.points.iter().flat_map(|point| {
        let at = point.at;
        point.site.faults().iter().map(move |fault| InjectedFault { at, fault: *fault })
    });
    injected.collect()
}

/// Injects each of `faults` into a run of its own, and gives those that failed.
pub fn sweep(seed: u64, stories: &[Story], injected: &[InjectedFault]) -> Vec<Run> {
    play_all(injected, |fault| {
        World::new(seed, Plan::Exactly(vec![*fault], Profile::calm())).play(stories)
    })
}

/// The run with fewest faults that still fails, made from `failed` by leaving out one after the
/// other: in halves first, so that a long list is short soon.
pub fn shrink(failed: &Run, profile: &Profile) -> Run {
    let play = |injected: &[InjectedFault]| {
        World::new(failed.seed, Plan::Exactly(injected.to_vec(), profile.clone()))
            .play(&failed.stories)
    };
    let mut best = play(&failed.injected);
    if best.holds() {
        // It takes more than the faults: nothing can be left out.
        return failed.clone();
    }
    let mut size = best.injected.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < best.injected.len() {
            let mut fewer = best.injected.clone();
            fewer.drain(from..(from + size).min(best.injected.len()));
            let run = play(&fewer);
            if run.holds() {
                from += size;
            } else {
                best = run;
            }
        }
        size /= 2;
    }
    best
}

/// The stories of a seed: three orders, which may have to share the last piece.
pub fn stories(seed: u64) -> Vec<Story> {
    let mut random = fastrand::Rng::with_seed(seed);
    let all = [
        Story::Happy,
        Story::OutOfStock,
        Story::Declined,
        Story::Undeliverable,
        Story::Cancelled(random.u64(..4_000)),
        Story::Cancelled(random.u64(..600)),
        Story::Scarce,
        Story::Scarce,
        Story::Late,
    ];
    random.choose_multiple(all, 3)
}
