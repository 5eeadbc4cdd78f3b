//! Every story again, with a fault at every call to the database.

use catalogue::Event;
use event_envelope::Delivery;
use testkit::Again;

use crate::{
    order::{five, happy, mails, payment, shipment, stock},
    world::{World, fold},
};

/// What is delivered, and the events that the store then has.
type Story<'a> = (&'a [Delivery<Event>], &'a [Delivery<Event>]);

/// After each fault at each call, the row is what it would have been.
async fn sweep((story, stored): Story<'_>, expected: &[Delivery<Event>]) {
    let open = async || {
        let world = World::new().await;
        world.store(stored).await;
        world
    };
    for again in [Again::AtOnce, Again::Last] {
        let compare = async |_: &World, disturbed: &World, case| {
            let row = disturbed.row().await;
            assert_eq!(row, fold(expected), "{case}, again {again:?}");
        };
        testkit::sweep(open, story, again, compare).await;
    }
}

#[tokio::test]
async fn a_row_follows_its_order_whatever_fails() {
    sweep((&happy(), &happy()), &happy()).await;
}

#[tokio::test]
async fn a_gap_is_closed_whatever_fails() {
    let history = five();
    let story = [history[0].clone(), history[4].clone(), history[2].clone()];
    sweep((&story, &history), &history).await;
    sweep((&history[4..], &history), &history).await;
    // The store has lost the last one.
    sweep((&history[4..], &history[..4]), &history).await;
}

#[tokio::test]
async fn the_other_sections_follow_whatever_fails() {
    let others = [stock(), payment(), shipment(), mails()].concat();
    sweep((&others, &[]), &others).await;
    sweep((&[payment()[2].clone(), payment()[0].clone()], &[]), &payment()).await;
}
