//! A service is deployed alone, amid traffic: processes of two releases of it run side by side for
//! hours, and no other service is deployed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use simulation::{
    Mode, Plan, Profile, Release, Run, Story, VersionSkew, World,
    explore::{play_all, stories_of},
};

/// The deployment comes when some orders are under way, and others follow for hours.
const FROM: Duration = Duration::from_hours(1);
const ARRIVALS: Duration = Duration::from_hours(4);
const ORDERS: usize = 6;

/// The functions that publish events, or that store those of others.
const PUBLISHERS: [&str; 6] =
    ["order-api", "order-events", "inventory", "payment", "shipping", "notification"];

#[derive(Debug, Clone, Copy)]
struct Case {
    function: &'static str,
    release: Release,
    mode: Mode,
    seed: u64,
}

fn play(case: &Case) -> Run {
    let Case { function, release, mode, seed } = *case;
    let skew = VersionSkew { function, from: FROM, release };
    let profile = Profile::rough(0.02).in_mode(mode).with_arrivals(ARRIVALS);
    let mut stories = stories_of(seed, ORDERS);
    stories.push(Story::Happy);
    World::new(seed, Plan::Drawn(profile.with_version_skew(skew))).play(&stories)
}

/// The moments in which processes of `function` did something after the deployment: of those with
/// an even number, and of the others.
fn moments(run: &Run, function: &str) -> [Vec<u64>; 2] {
    let mut moments = [Vec::new(), Vec::new()];
    for (millisecond, line) in &run.lines {
        let process = line.strip_prefix(function).and_then(|it| it.strip_prefix('#'));
        let number = process.and_then(|it| it.split(' ').next()?.parse::<usize>().ok());
        if let Some(number) = number
            && Duration::from_millis(*millisecond) > FROM
        {
            moments[number % 2].push(*millisecond);
        }
    }
    moments
}

/// Whether processes of both releases stored events after the deployment, side by side.
fn is_side_by_side(case: &Case, run: &Run) -> bool {
    let [even, odd] = moments(run, case.function);
    let stored = format!(" stored {:?} events", case.release);
    let is_other = |line: &str| line.starts_with(case.function) && line.ends_with(&stored);
    even.first() < odd.last()
        && odd.first() < even.last()
        && run.lines.iter().any(|(_, line)| is_other(line))
}

/// Plays every case; those that failed. For each function there is one with both releases side by
/// side: where there is little to do, one process does it all.
fn play_cases(cases: &[Case]) -> Vec<Run> {
    let seen = Mutex::new(BTreeSet::new());
    let failed = play_all(cases, |case| {
        let run = play(case);
        if is_side_by_side(case, &run) {
            seen.lock().unwrap().insert(case.function);
        }
        run
    });
    let all: BTreeSet<_> = cases.iter().map(|it| it.function).collect();
    // One function may have too little to do for two processes.
    let seen = seen.into_inner().unwrap();
    assert!(seen.len() + 1 >= all.len(), "only {seen:?}");
    failed
}

#[test]
fn a_publisher_may_be_newer_than_every_consumer() {
    let of = |mode| {
        let numbered = PUBLISHERS.into_iter().zip(1..);
        numbered.map(move |(function, seed)| Case { function, release: Release::Newer, mode, seed })
    };
    let cases: Vec<Case> = Mode::ALL.into_iter().flat_map(of).collect();
    let failed = play_cases(&cases);
    assert!(failed.is_empty(), "{}", failed[0]);
}

#[test]
fn a_publisher_may_be_older_than_every_consumer() {
    let mode = Mode::Choreography;
    let cases: Vec<Case> = (11..=13)
        .map(|seed| Case { function: "order-events", release: Release::Older, mode, seed })
        .collect();
    let failed = play_cases(&cases);
    assert!(failed.is_empty(), "{}", failed[0]);
}
