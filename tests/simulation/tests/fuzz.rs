//! Many seeds: `SIMULATION_SEEDS` says how many, `SIMULATION_FIRST` from which number on, and
//! `SIMULATION_PERCENT` how often what can go wrong does, where it is not to depend on the seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use simulation::{
    Mode, Plan, Profile, World,
    explore::{play_all, shrink, stories},
};

/// How many seeds a test run plays, unless told otherwise.
const SEEDS: u64 = 500;
/// One of so many worlds changes its mode, within so many milliseconds.
const MODE_CHANGE_EVERY: u64 = 16;
const MODE_CHANGE_MAX: u64 = 6_000;
/// So many failures are made smaller; one is usually enough.
const SHRUNK_MAX: usize = 3;

#[expect(clippy::disallowed_methods, reason = "how much a test run does is said from outside")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// How often, in percent, what can go wrong does: what `orderly simulate` calls rough in half of the
/// worlds, rougher in a fifth, which take twice as long as others, and wild in the rest.
fn percent(seed: u64) -> u32 {
    match seed % 10 {
        0..5 => 2,
        5..7 => 8,
        _ => 40,
    }
}

/// What goes wrong in the world of a seed. In one of sixteen an operator deploys the other mode while
/// orders are under way, each mode in turn.
fn profile(seed: u64, percent: u32) -> Profile {
    let rough = Profile::rough(f64::from(percent) / 100.0);
    if !seed.is_multiple_of(MODE_CHANGE_EVERY) {
        return rough;
    }
    let turn = seed / MODE_CHANGE_EVERY;
    let mode = if turn.is_multiple_of(2) { Mode::Choreography } else { Mode::Orchestration };
    rough.in_mode(mode).with_mode_change(Duration::from_millis(turn * 397 % MODE_CHANGE_MAX))
}

#[test]
fn whatever_goes_wrong_all_that_must_hold_does() {
    let first = number("SIMULATION_FIRST").unwrap_or(1);
    let count = number("SIMULATION_SEEDS").unwrap_or(SEEDS);
    let always = number("SIMULATION_PERCENT").map(|percent| u32::try_from(percent).unwrap());
    let profile = |seed| profile(seed, always.unwrap_or_else(|| percent(seed)));
    let seeds: Vec<u64> = (first..first + count).collect();
    let play = |seed: &u64| World::new(*seed, Plan::Drawn(profile(*seed))).play(&stories(*seed));
    let failed = play_all(&seeds, play);
    for run in failed.iter().take(SHRUNK_MAX) {
        println!("{}", shrink(run, &profile(run.seed)));
    }
    let failed: Vec<u64> = failed.iter().map(|run| run.seed).collect();
    assert!(
        failed.is_empty(),
        "of {count} seeds failed {failed:?}: SIMULATION_FIRST=<seed> SIMULATION_SEEDS=1 plays one"
    );
}
