//! What `orderly simulate` plays, counts and says of a failure.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use orderly::simulate::{self, Mode, ProfileName, Seeds};
use simulation::{Mutation, Profile, campaign::Campaign, explore::shrink};

fn asked(seeds: std::ops::Range<u64>, orders: usize, profile: ProfileName) -> simulate::Campaign {
    simulate::Campaign { seeds: Seeds(seeds), orders, profile, mode: Mode::Choreography }
}

#[test]
fn worlds_calls_and_faults_are_counted() {
    let ended = AtomicU64::new(0);
    let campaign = Campaign::from(asked(1..5, 2, ProfileName::Rough));
    let summary = campaign.play(|run| {
        assert_eq!(run.stories.len(), 2);
        ended.fetch_add(1, Ordering::Relaxed);
    });
    assert!(summary.holds(), "{summary}");
    assert_eq!((campaign.worlds(), summary.worlds, ended.into_inner()), (4, 4, 4));
    assert!(summary.calls > 800 && summary.faults.values().sum::<u64>() > 20, "{summary}");
    let shown = summary.to_string();
    assert_eq!(summary.orders, 8);
    let parts = ["worlds      4, of which 0 failed", "orders      8", "violations  0"];
    for part in parts.into_iter().chain([" worlds, ", " orders a CPU-second"]) {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn a_failure_tells_the_least_it_takes_how_the_order_went_and_how_to_play_it_again() {
    let campaign = Campaign::from(asked(1..9, 1, ProfileName::Rougher));
    let campaign = campaign.without(Mutation::AtMostOnce("relay"));
    let summary = campaign.play(|_| ());
    let failed = summary.failed.first().unwrap();
    let violations: u64 = summary.violations.values().sum();
    assert!(violations > 0 && summary.to_string().contains("of \""), "{summary}");
    let explained = campaign.explain(failed);
    let seed = failed.seed;
    let again = format!(
        "cargo run -- simulate --seeds {seed}..{} --orders 1 --profile rougher --mode choreography",
        seed + 1
    );
    let all = failed.injected.len();
    for part in ["  broken: ", &format!(" of {all} faults:"), " !! ", &again] {
        assert!(explained.contains(part), "{part:?} is not in {explained}");
    }
    // The order is created by the API, and what follows stands beneath it.
    let mut lines = explained.lines().filter(|line| line.contains(" ms  order-api#"));
    assert!(lines.any(|line| line.contains("OrderCreated")), "{explained}");
    assert!(explained.contains("never published"), "{explained}");
    let profile = Profile::rough(ProfileName::Rougher.rate());
    let shortest = shrink(failed, &profile.without(Mutation::AtMostOnce("relay")));
    assert!(shortest.injected.len() < all, "nothing was left out");
}

#[test]
fn the_binary_succeeds_where_every_invariant_holds_and_understands_what_it_is_asked() {
    let simulate = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_simulate")).args(arguments).output().unwrap()
    };
    let played = simulate(&["--seeds", "3..5", "--orders", "1", "--profile", "calm"]);
    let shown = String::from_utf8(played.stdout).unwrap();
    assert!(played.status.success(), "{shown}");
    assert!(shown.contains("worlds      2, of which 0 failed"), "{shown}");
    assert!(shown.contains("every invariant held in every world"), "{shown}");
    assert_eq!(simulate(&["--profile", "stormy"]).status.code(), Some(2));
}
