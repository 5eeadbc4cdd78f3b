//! Many worlds: every fault at every point, many seeds, and the least that it takes to fail.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{InjectedFault, Plan, Profile, Run, Story, World};

/// Plays every case on as many threads as the machine has cores, and gives the runs that failed.
pub fn play_all<C: Sync>(cases: &[C], play: impl Fn(&C) -> Run + Sync) -> Vec<Run> {
    on_every_core(cases, |case, failed: &mut Vec<Run>| {
        let run = play(case);
        if !run.holds() {
            failed.push(run);
        }
    })
    .into_iter()
    .flatten()
    .collect()
}

/// Does `work` for every case on as many threads as the machine has cores; what each thread has
/// gathered.
pub(crate) fn on_every_core<C: Sync, T: Default + Send>(
    cases: &[C],
    work: impl Fn(&C, &mut T) + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut gathered = T::default();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(case, &mut gathered);
        }
        gathered
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Plays a world. One that panics has failed, as one in which an invariant broke.
pub fn play(seed: u64, plan: Plan, stories: &[Story]) -> Run {
    let played = catch_unwind(AssertUnwindSafe(|| World::new(seed, plan).play(stories)));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Run::panicked(seed, stories, text.unwrap_or_default())
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
        let plan = Plan::Exactly(injected.to_vec(), profile.clone());
        self::play(failed.seed, plan, &failed.stories)
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
    stories_of(seed, 3)
}

/// The stories of a seed with so many orders.
pub fn stories_of(seed: u64, orders: usize) -> Vec<Story> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut chosen = Vec::new();
    // Of each handful no two are the same: so a few orders are as different as can be.
    while chosen.len() < orders {
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
        let left = (orders - chosen.len()).min(all.len());
        chosen.extend(random.choose_multiple(all, left));
    }
    chosen
}
