//! What once broke: each by its story and the least that went wrong in it.

use simulation::{Fault, InjectedFault, Plan, Profile, Story, World};

/// The moments, in milliseconds after an order was placed, at which a story's customer may act.
const MOMENTS: std::ops::Range<u64> = 2..40;
const STEP: u64 = 250;

/// The fault injected wherever a function does `what`: points are found by what they are, because
/// their numbers change with the code. So does the moment: the customer acts at the first one at
/// which a function still gets there.
fn wherever(what: &str, fault: Fault, story: impl Fn(u64) -> Story) {
    let play = |at, injected| {
        World::new(1, Plan::Exactly(injected, Profile::calm())).play(&[story(at * STEP)])
    };
    let reached = MOMENTS.map(|at| (at, play(at, Vec::new()))).find_map(|(at, calm)| {
        let points = calm.points.into_iter().filter(|it| it.what.ends_with(what));
        let points: Vec<_> = points.collect();
        (!points.is_empty()).then_some((at, points))
    });
    let Some((at, points)) = reached else { panic!("no function does {what}") };
    for point in points {
        let run = play(at, vec![InjectedFault { at: point.at, fault }]);
        assert!(run.holds(), "{run}");
    }
}

/// The carrier got a request to ship when the order had been cancelled, and shipping had looked
/// for the parcel in vain.
#[test]
fn a_request_to_ship_that_arrives_after_the_cancel_leaves_no_parcel() {
    wherever(" ship", Fault::Late, Story::Cancelled);
}

/// A hundred resumptions filled the notes of payment and shipping, which then refused to hear that
/// the order was cancelled.
#[test]
fn an_order_that_is_resumed_all_the_time_ends_as_any_other() {
    for (what, fault) in [(" charge", Fault::Late), (" ship", Fault::LoseAnswer)] {
        wherever(what, fault, Story::Resumed);
    }
}
