//! Many seeds: `SIMULATION_SEEDS` says how many, `SIMULATION_FIRST` from which number on, and
//! `SIMULATION_PERCENT` how often what can go wrong does, where it is not to depend on the seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use simulation::{
    Plan, Profile, World,
    explore::{play_all, shrink, stories},
};

/// How many seeds a test run plays, unless told otherwise.
const SEEDS: u64 = 500;
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

#[test]
fn whatever_goes_wrong_all_that_must_hold_does() {
    let first = number("SIMULATION_FIRST").unwrap_or(1);
    let count = number("SIMULATION_SEEDS").unwrap_or(SEEDS);
    let always = number("SIMULATION_PERCENT").map(|percent| u32::try_from(percent).unwrap());
    let profile = |seed| Profile::rough(f64::from(always.unwrap_or_else(|| percent(seed))) / 100.0);
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
