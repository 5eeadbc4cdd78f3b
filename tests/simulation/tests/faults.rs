//! Each kind of fault by itself: it strikes, and all that must hold does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test shows what failed")]

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use simulation::{
    Fault, InjectedFault, Plan, Profile, Run, Story, World,
    explore::{every_fault, play_all, stories, sweep},
};

const HOUR_MS: u64 = 3_600_000;

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

/// What is kept under a key is not the end of an order: there are further keys, and what took money
/// all the same is found.
#[test]
fn a_provider_may_keep_its_errors_and_forget_its_keys() {
    let faults = [Fault::KeepError, Fault::KeepErrorAfter, Fault::ForgetKeys];
    let profile = faults.into_iter().fold(Profile::calm(), |it, fault| it.with(fault, 0.2));
    hold_with(&profile, 6, &faults, |_| {
        vec![Story::Happy, Story::Undeliverable, Story::Cancelled(900)]
    });
}

/// Orders whose money could not be given back are in review; they are resumed afterwards.
#[test]
fn a_provider_or_the_mail_may_be_unavailable_for_a_day() {
    let mut profile = Profile::calm().with(Fault::Outage, 0.1);
    profile.heals_after = Duration::from_hours(96);
    hold_with(&profile, 6, &[Fault::Outage], |_| {
        vec![Story::Happy, Story::Undeliverable, Story::Cancelled(900)]
    });
}

#[test]
fn a_function_may_lose_its_permissions_for_a_while() {
    hold(&Profile::calm().with(Fault::Deny, 0.01), 5, &[Fault::Deny]);
}

#[test]
fn a_record_of_a_stream_may_be_malformed() {
    hold(&Profile::calm().with(Fault::Malformed, 0.3), 3, &[Fault::Malformed]);
}

#[test]
fn a_stream_may_be_unread_for_a_day_at_any_time() {
    let mut profile = Profile::calm().with(Fault::Gap, 0.04);
    profile.heals_after = Duration::from_hours(96);
    hold(&profile, 4, &[Fault::Gap]);
}

#[test]
fn records_of_a_stream_may_come_again_hours_later() {
    hold(&Profile::calm().with(Fault::Repeat, 0.3), 3, &[Fault::Repeat]);
}

#[test]
fn clocks_may_differ_by_seconds() {
    let mut profile = Profile::calm().with(Fault::Expire, 0.2).with(Fault::Delay, 0.05);
    profile.skew_max = Duration::from_secs(5);
    hold(&profile, 4, &[Fault::Expire, Fault::Delay]);
}

/// What was dead-lettered days ago comes back while customers place other orders.
#[test]
fn dead_letters_may_be_redriven_days_later_amid_other_orders() {
    let days = Duration::from_hours(72);
    let mut profile = Profile::calm()
        .with(Fault::Deny, 0.01)
        .with_arrivals(days)
        .with_redrives(Duration::from_hours(31));
    profile.heals_after = days;
    let late = |seed: u64| {
        let run = World::new(seed, Plan::Drawn(profile.clone())).play(&stories(seed));
        none_failed(if run.holds() { &[] } else { std::slice::from_ref(&run) });
        let is_late = |(at, line): &(u64, String)| {
            line.starts_with("put back into") && (31 * HOUR_MS..72 * HOUR_MS).contains(at)
        };
        run.lines.iter().filter(|line| is_late(line)).count()
    };
    assert!((1..=6).map(late).sum::<usize>() > 0, "nothing was redriven in between");
}

/// Both tables are written while one is built, and the one that is read never shows less.
#[test]
fn the_read_model_may_be_rebuilt_and_switched_amid_live_traffic() {
    for (rate, seed) in [(0.0, 1), (0.02, 2), (0.02, 3), (0.08, 4), (0.08, 5)] {
        let profile = Profile::rough(rate)
            .with_arrivals(Duration::from_secs(40))
            .with_rebuild(Duration::from_secs(6));
        let run = World::new(seed, Plan::Drawn(profile)).play(&stories(seed));
        let is_rebuilt =
            |(_, line): &(u64, String)| line == "the read model is rebuilt, and read from B";
        assert!(run.lines.iter().any(is_rebuilt), "seed {seed}");
        assert!(run.holds(), "{run}");
    }
}

/// Only the read model takes a replay; nothing is paid, shipped or mailed again.
#[test]
fn the_archive_may_be_replayed_amid_live_traffic() {
    let profile = Profile::rough(0.01)
        .with_arrivals(Duration::from_secs(20))
        .with_replay(Duration::from_secs(12));
    for seed in 1..=4 {
        let run = World::new(seed, Plan::Drawn(profile.clone())).play(&stories(seed));
        let is_replay = |(_, line): &(u64, String)| line == "the archive is replayed";
        assert!(run.lines.iter().any(is_replay), "seed {seed}");
        assert!(run.holds(), "{run}");
    }
}
