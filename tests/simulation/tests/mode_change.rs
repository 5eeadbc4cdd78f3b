//! The other mode is deployed while orders are under way. No one drives them as a whole any more:
//! some complete by events that are on their way, and the deadline cancels the others, which give
//! back what they took. Orders that come later complete.

#![expect(clippy::print_stdout, reason = "a test shows what failed")]

use std::{collections::BTreeMap, time::Duration};

use simulation::{
    Mode, Plan, Profile, Run, Story, World,
    explore::{play_all, stories},
};

/// How many rough worlds there are of each mode.
const SEEDS: u64 = 6;
/// What is under way when a calm world changes.
const STORIES: [Story; 3] = [Story::Happy, Story::Undeliverable, Story::Cancelled(1_500)];
/// Within this time the orders of a calm world have ended that nothing delays.
const CALM: Duration = Duration::from_secs(6);
/// The time between two changes that are played.
const STEP: Duration = Duration::from_millis(500);

fn calm(mode: Mode, at: Duration) -> Profile {
    Profile::calm().in_mode(mode).with_mode_change(at)
}

fn expect_all_hold(failed: &[Run]) {
    for run in failed {
        println!("{run}");
    }
    let seeds: Vec<u64> = failed.iter().map(|run| run.seed).collect();
    assert!(failed.is_empty(), "{seeds:?} failed");
}

#[test]
fn whenever_the_mode_changes_every_order_ends_and_nothing_is_lost() {
    for mode in Mode::ALL {
        let changes: Vec<Duration> =
            (0..).map(|it| STEP * it).take_while(|it| *it < CALM).collect();
        let failed =
            play_all(&changes, |at| World::new(1, Plan::Drawn(calm(mode, *at))).play(&STORIES));
        println!("from {}", mode.as_str());
        expect_all_hold(&failed);
    }
}

#[test]
fn what_is_under_way_completes_or_is_cancelled_and_what_comes_later_completes() {
    let change = Duration::from_secs(8);
    let mut stranded = 0;
    for mode in Mode::ALL {
        for seed in 1..=6 {
            let profile = calm(mode, change).with_arrivals(change * 2);
            let run = World::new(seed, Plan::Drawn(profile)).play(&[Story::Happy; 8]);
            assert!(run.holds(), "{mode:?} {run}");
            let orders = |event_type: &str| -> BTreeMap<String, u64> {
                let events = run.events.iter().filter(|it| it.event_type == event_type);
                events.map(|it| (it.order.clone(), it.millisecond)).collect()
            };
            let (created, completed) = (orders("OrderCreated"), orders("OrderCompleted"));
            let cancelled = orders("OrderCancelled");
            stranded += cancelled.len();
            assert_eq!(completed.len() + cancelled.len(), created.len(), "{mode:?} {run}");
            let is_later = |at: u64| Duration::from_millis(at) >= change;
            let (later, earlier): (Vec<_>, Vec<_>) =
                created.iter().partition(|(_, at)| is_later(**at));
            assert!(!later.is_empty() && !earlier.is_empty(), "{mode:?} {run}");
            for (order, _) in later {
                assert!(completed.contains_key(order), "{order} came later: {mode:?} {run}");
            }
        }
    }
    assert!(stranded > 0, "no order was under way");
}

#[test]
fn whatever_goes_wrong_beside_it_the_same_holds() {
    for mode in Mode::ALL {
        let seeds: Vec<u64> = (1..=SEEDS).collect();
        let failed = play_all(&seeds, |seed| {
            let at = Duration::from_millis(seed * 397 % 6_000);
            let profile = Profile::rough(0.02).in_mode(mode).with_mode_change(at);
            World::new(*seed, Plan::Drawn(profile)).play(&stories(*seed))
        });
        println!("from {}", mode.as_str());
        expect_all_hold(&failed);
    }
}
