//! What becomes of a mail when SES, or the way to it, fails.

use std::time::Duration;

use axum::http::StatusCode;
use catalogue::Template;
use local_core::script::Outcome;
use local_dynamodb::{Fault, FaultPlan};
use runtime::Done;
use testkit::{Harness, deliver};

use crate::world::{ADDRESS, World, cancelled, created, paid, shipped};

/// Longer than the post office's work takes, shorter than it is scripted to take.
const TIMEOUT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_post_office_that_is_busy_or_down_is_asked_again() {
    for outcome in [Outcome::Throttle(2), Outcome::Down(2)] {
        let world = World::new().await;
        world.office.mail.script(ADDRESS, outcome);
        for _ in 0..2 {
            let failure = world.deliver(&created()).await.unwrap_err();
            assert!(failure.is_retry(), "{failure}");
            assert_eq!(world.office.sent(), [] as [&str; 0]);
        }
        // No lease is in the way of the next delivery.
        assert_eq!(world.deliver(&created()).await.unwrap(), Done::Handled);
        assert_eq!(world.deliver(&created()).await.unwrap(), Done::Duplicate);
        assert_eq!(world.office.sent(), ["orderReceived"]);
        assert_eq!(world.answers().len(), 1);
    }
}

#[tokio::test]
async fn a_mail_wanted_while_the_post_office_is_down_is_sent_later() {
    let world = World::new().await;
    world.office.mail.script(ADDRESS, Outcome::Down(2));
    world.deliver(&created()).await.unwrap_err();
    world.deliver(&paid()).await.unwrap_err();
    world.deliver(&shipped()).await.unwrap();
    assert_eq!(world.office.sent(), ["orderReceived", "paymentReceived", "orderShipped"]);
    for delivery in [created(), paid()] {
        assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Duplicate);
    }
}

#[tokio::test]
async fn a_mail_whose_answer_is_late_is_sent_once_a_delivery() {
    let world = World::new().await.with_timeout(TIMEOUT);
    world.office.mail.script(ADDRESS, Outcome::Slow(LONG));
    let failure = world.deliver(&created()).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
    assert_eq!(world.office.count(Template::OrderReceived), 1);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_not_sent_and_that_is_published() {
    let world = World::new().await;
    world.office.mail.script(ADDRESS, Outcome::Decline);
    assert_eq!(world.deliver(&created()).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&created()).await.unwrap(), Done::Duplicate);
    assert_eq!(world.office.posted().len(), 1);
    assert_eq!(world.reasons(), ["SES refuses the mail: MessageRejected"]);
}

#[tokio::test]
async fn a_mail_waits_for_what_an_operator_can_mend() {
    for code in [
        "AccountSuspendedException",
        "MailFromDomainNotVerifiedException",
        "SendingPausedException",
    ] {
        let world = World::new().await;
        world.office.refuse(StatusCode::BAD_REQUEST, code, "not now");
        let failure = world.deliver(&created()).await.unwrap_err();
        assert!(failure.is_retry(), "{failure}");
        assert!(failure.to_string().contains(code), "{failure}");
        world.deliver(&created()).await.unwrap();
        assert_eq!(world.office.sent(), ["orderReceived"]);
    }
}

/// SES has one code for a recipient and a deployment: its message distinguishes them.
#[tokio::test]
async fn a_mail_waits_until_its_sender_is_verified() {
    for (code, message) in [
        (
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region \
             EU-WEST-1: shop@example.com",
        ),
        (
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region \
             EU-WEST-1: ada@lovelace.example, arn:aws:ses:eu-west-1:000000000000:identity/example.com",
        ),
        ("MessageRejected", "Sending suspended for this account."),
        ("BadRequestException", "Illegal address: Shop@example.com"),
        ("NotFoundException", "Configuration set <a> does not exist."),
        ("LimitExceededException", "Daily message quota exceeded."),
        ("UnrecognizedClientException", "The security token included in the request is invalid."),
    ] {
        let world = World::new().await;
        for _ in 0..2 {
            world.office.refuse(StatusCode::BAD_REQUEST, code, message);
            let failure = world.deliver(&created()).await.unwrap_err();
            assert!(failure.is_retry(), "{code}: {failure}");
        }
        assert_eq!(world.deliver(&created()).await.unwrap(), Done::Handled, "{code}");
        assert_eq!(world.office.sent(), ["orderReceived"], "{code}");
        assert_eq!(world.reasons(), [] as [&str; 0]);
    }
    for (code, message) in [
        ("MessageRejected", "Address blacklisted."),
        ("BadRequestException", "Illegal address: ada@lovelace.example"),
        ("BadRequestException", "Domain starts with dot"),
    ] {
        let world = World::new().await;
        world.office.refuse(StatusCode::BAD_REQUEST, code, message);
        assert_eq!(world.deliver(&created()).await.unwrap(), Done::Handled);
        assert_eq!(world.reasons(), [format!("SES refuses the mail: {code}")]);
    }
}

#[tokio::test]
async fn of_two_deliveries_at_once_one_sends() {
    let world = World::new().await;
    world.office.mail.script(ADDRESS, Outcome::Slow(Duration::from_millis(100)));
    let created = created();
    let paid = paid();
    let cancelled = cancelled();
    let (one, other, third, fourth) = tokio::join!(
        world.deliver(&created),
        world.deliver(&created),
        world.deliver(&paid),
        world.deliver(&cancelled),
    );
    assert!([&one, &other, &third, &fourth].iter().any(|it| it.is_ok()));
    for failure in [one, other, third, fourth].into_iter().filter_map(Result::err) {
        assert!(failure.is_retry(), "{failure}");
    }
    for delivery in [&created, &paid, &cancelled] {
        world.complete(delivery).await;
    }
    assert_eq!(world.office.sent().len(), 3);
    assert_eq!(world.answers().len(), 3);
}

#[tokio::test]
async fn a_mail_that_was_sent_and_not_written_down_is_sent_again_under_the_same_reference() {
    let world = World::new().await;
    // Load, lease, address, mail: the process dies when it wants to write down what came of it.
    let dying = world.notifications(&FaultPlan::at(3, Fault::CrashBefore));
    deliver(&dying, &created()).await.unwrap_err();
    assert_eq!(world.office.count(Template::OrderReceived), 1);
    world.complete(&created()).await;
    let [first, second] = world.office.posted().try_into().unwrap();
    assert_eq!(first.reference(), second.reference());
    assert_eq!(first.body, second.body);
    assert_eq!(world.answers().len(), 1);
}
