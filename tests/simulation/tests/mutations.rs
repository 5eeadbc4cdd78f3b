//! These protections are needed: without any of them some seed fails. This is also how it is known that the
//! invariants see anything at all.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use simulation::{Fault, Mutation, Plan, Profile, Provided, Run, Story, World, explore::play};

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
        assert!(shows(profile, &STORIES, *mutation), "no invariant misses it: {mutation:?}");
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
    // was not made loses no customer's money: so there are fewer faults, and the money is taken first.
    let payment = Mutation::FailuresIgnored("payment");
    assert!(shows(&shaky(0.1), &REFUNDED, payment), "no invariant misses it: {payment:?}");
}

#[test]
fn without_another_attempt_what_died_is_lost() {
    let deadly = Profile::calm().with(Fault::Kill, 0.2).with(Fault::CrashBefore, 0.05);
    let without = ["relay", "inventory", "payment", "notification", "analytics", "timeline"];
    show(&deadly, &without.map(Mutation::AtMostOnce));
}

#[test]
fn with_all_protections_the_same_weather_breaks_nothing() {
    for profile in [crowded(), shaky(0.3)] {
        for seed in 1..=2 {
            let run = World::new(seed, Plan::Drawn(profile.clone())).play(&STORIES);
            assert!(run.holds(), "{run}");
        }
    }
    let run = World::new(1, Plan::Drawn(shaky(0.1))).play(&REFUNDED);
    assert!(run.holds(), "{run}");
}

/// A protection, the switch that takes it away, and the worlds in which its lack shows.
struct Gate {
    protection: &'static str,
    switch: Mutation,
    profile: fn() -> Profile,
    stories: &'static [Story],
    /// The invariant that notices.
    invariant: &'static str,
    /// The seed that showed it first: it is tried first, and then the others are.
    first: u64,
}

/// Within so many seeds the lack of each shows.
const GATE_SEEDS: u64 = 10;

const HAPPY: &[Story] = &[Story::Happy];
/// Its money has to go back.
const PAID_BACK: &[Story] = &[Story::Undeliverable];
/// Customers who cancel before most services have consumed the order.
const EARLY: &[Story] = &[Story::Cancelled(20), Story::Cancelled(60), Story::Cancelled(150)];
/// Customers who cancel while the order is paid for or shipped.
const CANCELLED: &[Story] =
    &[Story::Cancelled(150), Story::Cancelled(600), Story::Cancelled(1_500)];
/// Customers who cancel when most is done.
const LATER: &[Story] =
    &[Story::Cancelled(1_000), Story::Cancelled(1_500), Story::Cancelled(2_500)];

/// Requests that arrive when their callers have been told that they are lost.
fn late() -> Profile {
    Profile::calm().with(Fault::Late, 0.2)
}

/// A payment provider that has forgotten its keys by the time of the next attempt.
fn forgetful() -> Profile {
    Profile::calm().with(Fault::ForgetKeys, 0.4)
}

/// Answers of the API that get lost.
fn unanswered() -> Profile {
    Profile::calm().with(Fault::LoseAnswer, 0.2).with(Fault::CrashAfter, 0.05)
}

/// Events that come minutes to hours late, so that a cancellation overtakes what it cancels.
fn delayed() -> Profile {
    Profile::calm().with(Fault::Delay, 0.5)
}

/// Events that come again minutes to hours later.
fn repeated() -> Profile {
    Profile::calm().with(Fault::Duplicate, 0.6)
}

/// A bus that takes only a part.
fn partial() -> Profile {
    Profile::calm().with(Fault::Partial, 0.5)
}

/// Tables that have no room most of the time: what was read is seconds old when it is written.
fn throttled() -> Profile {
    Profile::calm().with(Fault::Throttle, 0.6)
}

/// Reads that are behind, where they may be.
fn stale() -> Profile {
    Profile::calm().with(Fault::Stale, 0.5)
}

/// Processes that stand still before they write what they have decided, and go on later.
fn frozen() -> Profile {
    Profile::calm().with(Fault::FreezeBefore, 0.15)
}

/// The archive is replayed when functions have forgotten what they have consumed.
fn replayed() -> Profile {
    Profile::calm().with_retention(1).with_replay(Duration::from_hours(60))
}

/// Every protection that is taken away by value. docs/simulation.md has the same table.
const GATES: &[Gate] = &[
    Gate {
        protection: "stock is taken only if there is enough",
        switch: Mutation::Dropped { table: "inventory", part: "#available >= :quantity" },
        profile: crowded,
        stories: &[Story::Scarce; 3],
        invariant: "stock is never negative",
        first: 1,
    },
    Gate {
        protection: "reservation opened once",
        switch: Mutation::Dropped { table: "reservations", part: "attribute_not_exists(orderId)" },
        profile: frozen,
        stories: EARLY,
        invariant: "stock follows the order",
        first: 2,
    },
    Gate {
        protection: "reservation closed once",
        switch: Mutation::Dropped { table: "reservations", part: "#status = :reserved" },
        profile: throttled,
        stories: &[Story::Declined; 6],
        invariant: "stock is conserved",
        first: 5,
    },
    Gate {
        protection: "tombstone of a reservation",
        switch: Mutation::NoTombstones("reservations"),
        profile: delayed,
        stories: EARLY,
        invariant: "stock follows the order",
        first: 1,
    },
    Gate {
        protection: "tombstone of a payment",
        switch: Mutation::NoTombstones("payments"),
        profile: delayed,
        stories: CANCELLED,
        invariant: "money follows the order",
        first: 2,
    },
    Gate {
        protection: "tombstone of a shipment",
        switch: Mutation::NoTombstones("shipments"),
        profile: delayed,
        stories: LATER,
        invariant: "shipments follow the order",
        first: 1,
    },
    Gate {
        protection: "record of an event that was consumed, in the transaction",
        switch: Mutation::Dropped {
            table: "event-idempotency",
            part: "attribute_not_exists(#key)",
        },
        profile: crowded,
        stories: HAPPY,
        invariant: "figures are those of the events",
        first: 1,
    },
    Gate {
        protection: "replay policy, once records have expired",
        switch: Mutation::ReplaysUnnamed,
        profile: replayed,
        stories: HAPPY,
        invariant: "figures are those of the events",
        first: 1,
    },
    Gate {
        protection: "failed entries of PutEvents",
        switch: Mutation::EntriesTaken,
        profile: partial,
        stories: HAPPY,
        invariant: "what is stored is published",
        first: 1,
    },
    Gate {
        protection: "order id from customer and key",
        switch: Mutation::ClientKeyLost,
        profile: unanswered,
        stories: &[Story::Happy; 6],
        invariant: "answers are those promised",
        first: 3,
    },
    Gate {
        protection: "condition of the event store",
        switch: Mutation::Dropped { table: "order-events", part: "attribute_not_exists(#pk)" },
        profile: crowded,
        stories: CANCELLED,
        invariant: "streams are append-only",
        first: 3,
    },
    Gate {
        protection: "consistent read of a stream",
        switch: Mutation::Eventual("order-events"),
        profile: stale,
        stories: CANCELLED,
        invariant: "answers are those promised",
        first: 1,
    },
    Gate {
        protection: "consistent read of an order's detail",
        switch: Mutation::Eventual("order-views"),
        profile: stale,
        stories: HAPPY,
        invariant: "an answer never goes back",
        first: 5,
    },
    Gate {
        protection: "version of the order's section",
        switch: Mutation::Dropped { table: "order-views", part: "#guard = :version" },
        profile: crowded,
        stories: &[Story::Happy; 3],
        invariant: "the read model agrees with the streams",
        first: 1,
    },
    Gate {
        protection: "version of another section",
        switch: Mutation::Dropped { table: "order-views", part: "#guard < :version" },
        profile: repeated,
        stories: &[Story::Reviewed],
        invariant: "money follows the order",
        first: 7,
    },
    Gate {
        protection: "revision of a state machine",
        switch: Mutation::Dropped { table: "payments", part: "#revision = :revision" },
        profile: Profile::calm,
        stories: &[Story::Cancelled(450); 12],
        invariant: "money follows the order",
        first: 2,
    },
    Gate {
        protection: "key of a charge",
        switch: Mutation::KeysLost(Provided::Charge),
        profile: late,
        stories: &[Story::Happy; 3],
        invariant: "an order is charged at most once",
        first: 3,
    },
    Gate {
        protection: "look-up of a charge",
        switch: Mutation::NothingFound(Provided::Charge),
        profile: forgetful,
        stories: HAPPY,
        invariant: "an order is charged at most once",
        first: 6,
    },
    Gate {
        protection: "look-up of a refund",
        switch: Mutation::NothingFound(Provided::Refund),
        profile: forgetful,
        stories: PAID_BACK,
        invariant: "what is resumed ends",
        first: 9,
    },
    Gate {
        protection: "key of a shipment",
        switch: Mutation::KeysLost(Provided::Shipment),
        profile: late,
        stories: &[Story::Happy; 3],
        invariant: "dead-letter queues hold what is expected",
        first: 1,
    },
];

impl Gate {
    fn row(&self) -> String {
        let Self { protection, switch, invariant, .. } = self;
        format!("| {protection} | `{switch:?}` | {invariant} |")
    }

    fn play(&self, seed: u64, profile: Profile) -> Run {
        play(seed, Plan::Drawn(profile), self.stories)
    }

    /// The first seed with which the lack of the protection breaks the invariant.
    fn shown_by(&self) -> Option<u64> {
        let seeds = std::iter::once(self.first).chain(1..=GATE_SEEDS);
        seeds.into_iter().find(|seed| {
            let run = self.play(*seed, (self.profile)().without(self.switch));
            run.findings.iter().any(|it| it.invariant == self.invariant)
        })
    }
}

#[test]
fn each_protection_of_the_table_is_missed_within_its_seeds() {
    let mut unnoticed = Vec::new();
    for gate in GATES {
        match gate.shown_by() {
            Some(seed) => println!("{}: seed {seed}", gate.protection),
            None => unnoticed.push(gate.row()),
        }
    }
    assert!(unnoticed.is_empty(), "nothing notices the lack of:\n{}", unnoticed.join("\n"));
}

#[test]
fn with_its_protection_the_world_that_shows_its_lack_breaks_nothing() {
    for gate in GATES {
        let run = gate.play(gate.first, (gate.profile)());
        assert!(run.holds(), "{}: {run}", gate.protection);
    }
}

#[test]
fn the_table_of_protections_is_the_one_that_is_played() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulation.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 4);
    // Without its head.
    let rows: BTreeSet<String> = rows.skip(1).map(str::to_owned).collect();
    let played: BTreeSet<String> = GATES.iter().map(Gate::row).collect();
    assert_eq!(rows, played, "docs/simulation.md has other rows than `GATES`");
}
