//! Webhooks of the payment provider, late, twice, in any order or not at all, change nothing of what
//! must hold; and the same orders end the same as without them.

use simulation::{
    Plan, Profile, World,
    explore::{play_all, stories},
};

/// How many worlds are played.
const SEEDS: u64 = 40;

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
fn webhooks_are_taken_and_some_have_a_payment_look_again() {
    let profile = Profile::rough(0.05).with_webhooks();
    let mut looks = 0;
    for seed in 1..=10 {
        let run = World::new(seed, Plan::Drawn(profile.clone())).play(&stories(seed));
        let lines = || run.lines.iter().map(|(_, line)| line.as_str());
        let taken = lines().filter(|it| it.starts_with("webhook") && it.ends_with(" 200"));
        assert!(taken.count() > 0, "seed {seed} has no webhook");
        let sends = |it: &&str| it.starts_with("payment-webhooks#") && it.contains("SendMessage");
        looks += lines().filter(sends).count();
    }
    assert!(looks > 0, "no payment was told to look again");
}
