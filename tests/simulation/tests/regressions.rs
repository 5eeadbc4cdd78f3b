//! What once broke: each by its story and the least that went wrong in it.

use simulation::{Fault, Plan, Profile, Story, Strike, World};

/// The fault strikes wherever somebody does `what`: points are found by what they are, because
/// their numbers change with the code.
fn wherever(what: &str, fault: Fault, story: Story) {
    let play = |strikes| World::new(1, Plan::Exactly(strikes, Profile::calm())).play(&[story]);
    let calm = play(Vec::new());
    let points: Vec<_> = calm.points.iter().filter(|it| it.what.ends_with(what)).collect();
    assert_ne!(points.len(), 0, "nobody does {what}");
    for point in points {
        let run = play(vec![Strike { at: point.at, fault }]);
        assert!(run.holds(), "{run}");
    }
}

/// The carrier got a request to ship when the order had been cancelled, and shipping had looked
/// for the parcel in vain.
#[test]
fn a_request_to_ship_that_arrives_after_the_cancel_leaves_no_parcel() {
    wherever(" ship", Fault::Late, Story::Cancelled(1_500));
}

/// A hundred resumptions filled the notes of payment and shipping, which then refused to hear that
/// the order was cancelled.
#[test]
fn an_order_that_is_resumed_all_the_time_ends_as_any_other() {
    for (what, fault) in [(" charge", Fault::Late), (" ship", Fault::LoseAnswer)] {
        wherever(what, fault, Story::Resumed(1_500));
    }
}
