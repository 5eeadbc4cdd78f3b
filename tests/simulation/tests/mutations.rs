//! These protections are needed: without any of them some seed fails. This is also how it is known that the
//! invariants see anything at all.

use simulation::{Fault, Mutation, Plan, Profile, Story, World};

/// Within so many seeds the lack of a protection shows: the rarest, a reservation that is never
/// given back, in about every third.
const SEEDS: u64 = 40;
const STORIES: [Story; 3] = [Story::Happy, Story::Cancelled(900), Story::Scarce];
/// Orders whose money has to go back after it was taken.
const REFUNDED: [Story; 3] = [Story::Undeliverable; 3];

/// Whether something breaks in the world of some seed without this protection.
fn shows(profile: &Profile, stories: &[Story], mutation: Mutation) -> bool {
    let profile = profile.clone().without(mutation);
    (1..=SEEDS).any(|seed| !World::new(seed, Plan::Drawn(profile.clone())).play(stories).holds())
}

/// Every one of `mutations` shows, under the faults that call for the protection.
fn show(profile: &Profile, mutations: &[Mutation]) {
    for mutation in mutations {
        assert!(shows(profile, &STORIES, *mutation), "nobody would miss it: {mutation:?}");
    }
}

/// The same message at two processes at once, and again later.
fn crowded() -> Profile {
    Profile::calm().with(Fault::Expire, 0.5).with(Fault::Duplicate, 0.2)
}

/// Services that are often not there: each call fails in one of three ways with this rate.
fn shaky(rate: f64) -> Profile {
    let shaky = Profile::calm().with(Fault::ErrorBefore, rate).with(Fault::Throttle, rate);
    shaky.with(Fault::LoseRequest, rate)
}

#[test]
fn without_conditions_what_is_done_twice_shows() {
    let without = ["order-events", "inventory", "projector", "analytics"];
    show(&crowded(), &without.map(Mutation::Unconditional));
}

#[test]
fn without_partial_answers_what_failed_is_lost() {
    let without = ["relay", "inventory"];
    show(&shaky(0.3), &without.map(Mutation::FailuresIgnored));
    // A payment takes many calls. Where nothing is tried again most are never made, and a payment that
    // was not made loses nobody's money: so there are fewer faults, and the money is taken first.
    let payment = Mutation::FailuresIgnored("payment");
    assert!(shows(&shaky(0.1), &REFUNDED, payment), "nobody would miss it: {payment:?}");
}

#[test]
fn without_another_attempt_what_died_is_lost() {
    let deadly = Profile::calm().with(Fault::Kill, 0.2).with(Fault::CrashBefore, 0.05);
    let without = ["relay", "inventory", "payment", "notification", "analytics"];
    show(&deadly, &without.map(Mutation::AtMostOnce));
}

#[test]
fn with_all_protections_the_same_weather_breaks_nothing() {
    for profile in [crowded(), shaky(0.3)] {
        for seed in 1..=5 {
            let run = World::new(seed, Plan::Drawn(profile.clone())).play(&STORIES);
            assert!(run.holds(), "{run}");
        }
    }
    let run = World::new(1, Plan::Drawn(shaky(0.1))).play(&REFUNDED);
    assert!(run.holds(), "{run}");
}
