//! Streams that are away for longer than they remember.

use std::time::Duration;

use simulation::{Outage, Plan, Profile, Run, Story, World};

const HOUR_MS: u64 = 3_600_000;
const STORIES: [Story; 6] = [
    Story::Happy,
    Story::Declined,
    Story::Undeliverable,
    // As soon as it is placed, in the middle, and when all is over.
    Story::Cancelled(150),
    Story::Cancelled(10 * HOUR_MS),
    Story::Cancelled(31 * HOUR_MS),
];

/// The streams of `tables` are away from so many milliseconds after the beginning on, for 30 hours.
fn play(
    seed: u64,
    tables: &'static [&'static str],
    from: u64,
    stories: &[Story],
    republished: bool,
) -> Run {
    let from = Duration::from_millis(from);
    let until = from + Duration::from_hours(30);
    let profile = Profile::calm().with_outage(Outage { tables, from, until, republished });
    World::new(seed, Plan::Exactly(Vec::new(), profile)).play(stories)
}

/// Every table whose events are published.
const TABLES: &[&str] =
    &["order-events", "event-idempotency", "payments", "shipments", "notifications"];

#[test]
fn what_streams_forgot_in_thirty_hours_is_published_from_the_tables() {
    for (seed, from) in [(1, 0), (2, 2_000)] {
        let run = play(seed, TABLES, from, &STORIES, true);
        assert!(run.holds(), "{run}");
    }
}

/// So orders go on as far as they can without the others hearing of it: what was said in the
/// meantime stands in the rows.
#[test]
fn one_stream_alone_may_be_away() {
    for tables in TABLES.chunks(1) {
        let run = play(4, tables, 0, &STORIES[4..5], true);
        assert!(run.holds(), "{tables:?} {run}");
    }
}

/// This is also how it is known that the invariant sees it. The customer cancels what is stuck, so
/// that the order ends; that its payment was made, and given back, no consumer learns.
#[test]
fn without_publishing_again_it_is_lost() {
    let stories = [Story::Cancelled(60_000)];
    let lost = |run: &Run| {
        let findings = run.findings.iter();
        findings.filter(|it| it.invariant == "what is stored is published").count()
    };
    let run = play(5, &["payments"], 0, &stories, false);
    assert!(lost(&run) > 0, "{run}");
    let run = play(5, &["payments"], 0, &stories, true);
    assert!(run.holds(), "{run}");
}
