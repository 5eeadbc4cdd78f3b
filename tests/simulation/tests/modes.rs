//! Whether the services drive orders or a workflow does, the same holds, and every function of the
//! template takes part.

#![expect(clippy::print_stdout, reason = "a test shows what failed")]

use std::collections::BTreeSet;

use simulation::{
    InjectedFault, Mode, Plan, Profile, Run, Site, Story, World,
    explore::{play_all, stories},
};

/// How many rough worlds are played in orchestration.
const SEEDS: u64 = 20;

fn calm(mode: Mode) -> Profile {
    Profile::calm().in_mode(mode)
}

fn rough(mode: Mode) -> Profile {
    Profile::rough(0.02).in_mode(mode)
}

fn expect_all_hold(failed: &[Run]) {
    for run in failed {
        println!("{run}");
    }
    let seeds: Vec<u64> = failed.iter().map(|run| run.seed).collect();
    assert!(failed.is_empty(), "{seeds:?} failed");
}

#[test]
fn every_short_story_ends_well_in_both_modes_where_nothing_goes_wrong() {
    for mode in Mode::ALL {
        let failed =
            play_all(&Story::SHORT, |story| World::new(1, Plan::Drawn(calm(mode))).play(&[*story]));
        println!("{}", mode.as_str());
        expect_all_hold(&failed);
    }
}

#[test]
fn whatever_goes_wrong_a_workflow_ends_what_it_began() {
    let seeds: Vec<u64> = (1..=SEEDS).collect();
    let profile = rough(Mode::Orchestration);
    let play = |seed: &u64| World::new(*seed, Plan::Drawn(profile.clone())).play(&stories(*seed));
    expect_all_hold(&play_all(&seeds, play));
}

#[test]
fn a_seed_fixes_a_world_of_either_mode() {
    let mut hashes = BTreeSet::new();
    for mode in Mode::ALL {
        for seed in 1..=2 {
            let world = World::new(seed, Plan::Drawn(rough(mode)));
            let [one, other] = [0, 1].map(|_| world.play(&Story::SHORT));
            let differs = one.lines.iter().zip(&other.lines).find(|(one, other)| one != other);
            assert_eq!(differs, None, "{mode:?} {seed}");
            assert_eq!((one.hash, &one.injected), (other.hash, &other.injected), "{mode:?} {seed}");
            assert!(!one.injected.is_empty(), "nothing went wrong in {mode:?} with seed {seed}");
            hashes.insert(one.hash);
        }
    }
    assert_eq!(hashes.len(), 4, "seeds or modes make no difference");
}

/// A function that is new in the template has to be built in `functions.rs`, and to be asked by
/// someone.
#[test]
fn every_function_of_the_template_takes_part() {
    for mode in Mode::ALL {
        let template = testkit::template_with(&[("FulfilmentMode", mode.as_str())]);
        let profile = calm(mode).with_webhooks();
        // An order that waits for its payment until its time is over is the sweeper's.
        let stories = [Story::Happy, Story::Undeliverable, Story::Late];
        let run = World::new(1, Plan::Drawn(profile)).play(&stories);
        let started = |binary: &str| {
            let line = format!("{binary}#1 starts");
            run.lines.iter().any(|(_, it)| *it == line)
        };
        let functions = template.functions.iter().map(|it| it.binary.as_str());
        let idle: Vec<_> = functions.filter(|binary| !started(binary)).collect();
        assert_eq!(idle, Vec::<&str>::new(), "in {mode:?}");
    }
}

/// The provider refunds nothing until an operator has found the order on the list, and resumes it.
#[test]
fn what_waits_for_an_operator_ends_once_it_is_resumed() {
    for mode in Mode::ALL {
        let run = World::new(1, Plan::Drawn(calm(mode))).play(&[Story::Reviewed]);
        assert!(run.holds(), "{mode:?} {run}");
        let event = |name: &str| run.events.iter().any(|it| it.to_string().contains(name));
        for name in ["PaymentNeedsReview", "OrderResumed", "PaymentRefunded"] {
            assert!(event(name), "no {name} in {mode:?}: {run}");
        }
    }
    let profile = rough(Mode::Orchestration);
    let seeds: Vec<u64> = (1..=4).collect();
    let play = |seed: &u64| {
        World::new(*seed, Plan::Drawn(profile.clone())).play(&[Story::Reviewed, Story::Happy])
    };
    expect_all_hold(&play_all(&seeds, play));
}

/// The same task twice at once, late, without an answer, or ended in the middle; and the same
/// execution started again.
#[test]
fn faults_strike_tasks_and_starts() {
    let profile = rough(Mode::Orchestration);
    let run = World::new(1, Plan::Drawn(profile)).play(&Story::SHORT);
    let met = |site: Site| run.points.iter().filter(|it| it.site == site).count();
    assert!(met(Site::Task) > 20 && met(Site::Start) >= Story::SHORT.len(), "{run}");
    let mut failed = Vec::new();
    for site in [Site::Task, Site::Start] {
        let calm = calm(Mode::Orchestration);
        let points = World::new(1, Plan::Drawn(calm.clone())).play(&[Story::Undeliverable]).points;
        let points = points.iter().filter(|it| it.site == site);
        let injected: Vec<_> = points
            .flat_map(|it| {
                site.faults().iter().map(|fault| InjectedFault { at: it.at, fault: *fault })
            })
            .collect();
        failed.extend(play_all(&injected, |fault| {
            World::new(1, Plan::Exactly(vec![*fault], calm.clone())).play(&[Story::Undeliverable])
        }));
    }
    expect_all_hold(&failed);
}
