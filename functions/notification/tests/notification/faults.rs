//! Every story again, with a fault at every call to the database.

use std::collections::BTreeMap;

use event_envelope::Delivery;
use events::Event;
use local_dynamodb::{Fault, FaultPlan};
use outcome::Done;

use crate::world::{World, cancelled, created, created_by, paid, shipped};

/// When a delivery that failed comes again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Again {
    /// Before the next one.
    AtOnce,
    /// After all the others.
    Last,
}

/// Tells `story` to one process that meets `plan`, and goes on without it until all is done.
async fn tell(story: &[Delivery<Event>], plan: &FaultPlan, again: Again) -> World {
    let world = World::new().await;
    let process = world.notifications(plan);
    for delivery in story {
        let end = process.handle(delivery.clone()).await;
        if let Err(failure) = &end {
            assert!(failure.is_retry(), "{failure}");
        }
        if end.is_err() && again == Again::AtOnce {
            world.settle(delivery).await;
        }
    }
    for delivery in story {
        world.settle(delivery).await;
    }
    for delivery in story {
        assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
    }
    world
}

/// How often each mail was asked for, by its reference.
fn mails(world: &World) -> BTreeMap<String, usize> {
    let mut mails = BTreeMap::new();
    for posted in world.office.posted() {
        *mails.entry(posted.reference()).or_default() += 1;
    }
    mails
}

/// The mails of which a process that meets `fault` at `call` leaves a second copy. After a mail
/// its row is loaded and written: until then nobody else knows that it was sent.
fn doubled(undisturbed: &World, call: usize, fault: Fault) -> Vec<String> {
    let posted = undisturbed.office.posted().into_iter();
    let between = posted.filter(|it| {
        let (load, write) = (it.after_calls, it.after_calls + 1);
        match fault {
            Fault::CrashBefore => call == load || call == write,
            // The write takes effect; the load fails for good, as the SDK does not repeat it.
            Fault::CrashAfter | Fault::Conflict => call == load,
            Fault::LoseAnswer | Fault::Throttle => false,
        }
    });
    between.map(|it| it.reference()).collect()
}

/// Checks mails and answers after each fault at each call.
async fn sweep(story: &[Delivery<Event>], again: Again) {
    let calls = FaultPlan::none();
    let undisturbed = tell(story, &calls, again).await;
    let mut answers = undisturbed.answers();
    answers.sort_unstable();
    assert!(mails(&undisturbed).values().all(|count| *count == 1));
    for fault in Fault::ALL {
        for call in 0..calls.calls() {
            let world = tell(story, &FaultPlan::at(call, fault), again).await;
            let (found, doubled) = (mails(&world), doubled(&undisturbed, call, fault));
            let disturbed = format!("{fault:?} at call {call}, again {again:?}: {found:?}");
            assert!(found.keys().eq(mails(&undisturbed).keys()), "{disturbed}");
            for (reference, count) in found {
                let expected = if doubled.contains(&reference) { 2 } else { 1 };
                assert_eq!(count, expected, "{disturbed}");
            }
            let mut said = world.answers();
            said.sort_unstable();
            assert_eq!(said, answers, "{disturbed}");
        }
    }
}

#[tokio::test]
async fn a_mail_is_doubled_only_between_sending_and_writing() {
    sweep(&[created(), shipped()], Again::AtOnce).await;
}

#[tokio::test]
async fn mails_that_waited_are_doubled_only_between_sending_and_writing() {
    sweep(&[paid(), cancelled(), created()], Again::AtOnce).await;
    sweep(&[created(), paid()], Again::Last).await;
}

#[tokio::test]
async fn a_customer_without_an_address_is_given_up_once() {
    sweep(&[created_by("user-404"), paid()], Again::AtOnce).await;
}
