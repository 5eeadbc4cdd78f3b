//! Each kind of fault by itself: it strikes, and all that must hold does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, sync::Mutex};

use simulation::{
    Fault, InjectedFault, Plan, Profile, Run, Story, World,
    explore::{every_fault, play_all, stories, sweep},
};

/// Plays the worlds of so many seeds under `profile`: `faults` are injected, each of them, and
/// nothing breaks.
fn hold(profile: &Profile, seeds: u64, faults: &[Fault]) {
    hold_with(profile, seeds, faults, stories);
}

fn hold_with(
    profile: &Profile,
    seeds: u64,
    faults: &[Fault],
    stories: impl Fn(u64) -> Vec<Story> + Sync,
) {
    let struck = Mutex::new(BTreeSet::new());
    let seeds: Vec<u64> = (1..=seeds).collect();
    let play = |seed: &u64| {
        let run = World::new(*seed, Plan::Drawn(profile.clone())).play(&stories(*seed));
        struck.lock().unwrap().extend(run.injected.iter().map(|it| it.fault));
        run
    };
    none_failed(&play_all(&seeds, play));
    assert_eq!(struck.into_inner().unwrap(), faults.iter().copied().collect());
}

/// Injects each of `faults` at each `step`th of the points at which it can be.
fn hold_anywhere(story: Story, faults: &[Fault], step: usize) {
    let injected: Vec<InjectedFault> =
        every_fault(1, &[story]).into_iter().filter(|it| faults.contains(&it.fault)).collect();
    let sample: Vec<InjectedFault> = injected.into_iter().step_by(step).collect();
    assert!(sample.len() > 5, "only {} points", sample.len());
    none_failed(&sweep(1, &[story], &sample));
}

fn none_failed(failed: &[Run]) {
    for run in failed {
        println!("{run}");
    }
    let failed: Vec<u64> = failed.iter().map(|run| run.seed).collect();
    assert!(failed.is_empty(), "seeds that failed: {failed:?}");
}

#[test]
fn a_read_may_be_stale() {
    hold(&Profile::calm().with(Fault::Stale, 0.5), 8, &[Fault::Stale]);
}

#[test]
fn each_read_of_an_order_may_be_stale() {
    hold_anywhere(Story::Happy, &[Fault::Stale], 1);
}

#[test]
fn a_process_may_be_frozen_and_overtaken() {
    let profile = Profile::calm().with(Fault::FreezeBefore, 0.02).with(Fault::FreezeAfter, 0.02);
    hold(&profile, 8, &[Fault::FreezeBefore, Fault::FreezeAfter]);
}

#[test]
fn a_process_may_be_frozen_at_each_call_of_an_order() {
    let faults = [Fault::FreezeBefore, Fault::FreezeAfter];
    hold_anywhere(Story::Cancelled(1_500), &faults, 3);
}
