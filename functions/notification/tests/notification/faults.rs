//! Every story again, with a fault at every call to the database.

use std::collections::BTreeMap;

use catalogue::Event;
use event_envelope::Delivery;
use local_dynamodb::Fault;
use testkit::{Again, Case};

use crate::world::{World, cancelled, created, created_by, paid, shipped};

/// How often each mail was asked for, by its reference.
fn mails(world: &World) -> BTreeMap<String, usize> {
    let mut mails = BTreeMap::new();
    for posted in world.office.posted() {
        *mails.entry(posted.reference()).or_default() += 1;
    }
    mails
}

/// The mails of which a process that meets this fault leaves a second copy. After a mail
/// its row is loaded and written: until then only this process knows that it was sent.
fn doubled(undisturbed: &World, Case { fault, call }: Case) -> Vec<String> {
    let posted = undisturbed.office.posted().into_iter();
    let between = posted.filter(|it| {
        let load = it.after_calls;
        let write = it.after_calls + 1;
        match fault {
            Fault::CrashBefore => call == load || call == write,
            // The write takes effect; the load fails for good, as the SDK does not repeat it.
            Fault::CrashAfter | Fault::Conflict => call == load,
            Fault::LoseAnswer | Fault::Throttle => false,
        }
    });
    between.map(|it| it.reference()).collect()
}

/// What was published, in the order of the alphabet.
fn answers(world: &World) -> Vec<(String, String)> {
    let mut answers = world.answers();
    answers.sort_unstable();
    answers
}

/// Checks mails and answers after each fault at each call.
async fn sweep(story: &[Delivery<Event>], again: Again) {
    let compare = async |undisturbed: &World, world: &World, case: Case| {
        assert!(mails(undisturbed).values().all(|count| *count == 1));
        let found = mails(world);
        let doubled = doubled(undisturbed, case);
        let disturbed = format!("{case}, again {again:?}: {found:?}");
        assert!(found.keys().eq(mails(undisturbed).keys()), "{disturbed}");
        for (reference, count) in found {
            let expected = if doubled.contains(&reference) { 2 } else { 1 };
            assert_eq!(count, expected, "{disturbed}");
        }
        assert_eq!(answers(world), answers(undisturbed), "{disturbed}");
    };
    testkit::sweep(World::new, story, again, compare).await;
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
async fn a_customer_without_an_address_fails_once() {
    sweep(&[created_by("user-404"), paid()], Again::AtOnce).await;
}
