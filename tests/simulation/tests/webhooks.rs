//! Webhooks of the payment provider, late, twice, in any order or not at all, change nothing of what
//! must hold; and the same orders end the same as without them.

use simulation::{
    Plan, Profile, World,
    explore::{play_all, stories},
};

/// How many worlds are played.
const SEEDS: u64 = 10;

#[test]
fn whatever_becomes_of_webhooks_all_that_must_hold_does() {
    let profile = Profile::rough(0.02).with_webhooks();
    let seeds: Vec<u64> = (1..=SEEDS).collect();
    let play = |seed: &u64| World::new(*seed, Plan::Drawn(profile.clone())).play(&stories(*seed));
    let failed = play_all(&seeds, play);
    for run in &failed {
        println!("{run}");
    }
    let failed: Vec<u64> = failed.iter().map(|run| run.seed).collect();
    assert!(failed.is_empty(), "of {SEEDS} seeds failed {failed:?}");
}

#[test]
fn webhooks_are_sent_and_taken() {
    let profile = Profile::calm().with_webhooks();
    let taken = (1..=4).map(|seed| {
        let run = World::new(seed, Plan::Drawn(profile.clone())).play(&stories(seed));
        let is_taken = |line: &str| line.starts_with("webhook ") && line.ends_with(" 200");
        run.lines.iter().filter(|(_, line)| is_taken(line)).count()
    });
    assert!(taken.sum::<usize>() > 0, "no world has a webhook");
}
