//! The control: a payment function that looks for a record, charges, writes the record and then
//! publishes, beside the one of this system. Both meet the same faults, from the same seeds. So it is
//! known that these faults lose events and charge twice where nothing is done against that.

use std::collections::BTreeSet;

use simulation::{Fault, Finding, Mutation, Plan, Profile, Run, Story, explore::play};

const SEEDS: u64 = 8;
const STORIES: [Story; 2] = [Story::Happy; 2];

/// Weather, and what it is.
fn weathers() -> [(&'static str, Profile); 3] {
    let calm = Profile::calm;
    let deadly = calm().with(Fault::CrashBefore, 0.1).with(Fault::CrashAfter, 0.1);
    [
        ("processes die before or after a call", deadly),
        ("answers get lost", calm().with(Fault::LoseAnswer, 0.2)),
        ("messages become visible too early", calm().with(Fault::Expire, 0.6)),
    ]
}

/// What became of the payments of some worlds.
#[derive(Debug, Default)]
struct Outcome {
    /// Orders that were charged more than once.
    twice: usize,
    /// Orders that are recorded as paid for, and not published.
    lost: usize,
    /// Worlds in which an invariant broke.
    broken: usize,
}

impl Outcome {
    fn add(&mut self, run: &Run) {
        let twice = |it: &&Finding| it.invariant == "an order is charged at most once";
        self.twice += run.findings.iter().filter(twice).count();
        let recorded =
            run.lines.iter().filter_map(|(_, line)| line.strip_suffix(" is recorded as paid for"));
        let published = |order: &&str| {
            run.events.iter().any(|it| it.order == **order && it.event_type == "PaymentCompleted")
        };
        let recorded: BTreeSet<&str> = recorded.collect();
        self.lost += recorded.iter().filter(|order| !published(order)).count();
        self.broken += usize::from(!run.holds());
    }

    fn of(profile: &Profile) -> Self {
        let mut outcome = Self::default();
        for seed in 1..=SEEDS {
            outcome.add(&play(seed, Plan::Drawn(profile.clone()), &STORIES));
        }
        outcome
    }
}

#[test]
fn where_a_naive_payment_charges_twice_and_loses_events_ours_does_neither() {
    let (mut twice, mut lost) = (0, 0);
    println!("{:<40}{:>24}{:>24}", "of the same orders", "naive: twice, lost", "ours: twice, lost");
    for (weather, profile) in weathers() {
        let ours = Outcome::of(&profile);
        let naive = Outcome::of(&profile.without(Mutation::CheckThenAct));
        let of = |it: &Outcome| format!("{}, {}", it.twice, it.lost);
        println!("{weather:<40}{:>24}{:>24}", of(&naive), of(&ours));
        assert_eq!(ours.broken, 0, "{weather}: {ours:?}");
        twice += naive.twice;
        lost += naive.lost;
    }
    assert!(twice > 0, "the naive payment charges no order twice");
    assert!(lost > 0, "the naive payment loses nothing");
}

#[test]
fn where_nothing_goes_wrong_the_naive_payment_is_as_good() {
    let profile = Profile::calm().without(Mutation::CheckThenAct);
    let run = play(1, Plan::Drawn(profile), &STORIES);
    let unpublished = |it: &&Finding| it.invariant != "what is published is stored";
    let findings: Vec<_> = run.findings.iter().filter(unpublished).collect();
    assert!(findings.is_empty(), "{findings:?}");
}
