//! Whose fault a refusal is, and what of a provider's words goes further than its adapter: nothing.

use std::time::Duration;

use axum::{Json, Router, http::StatusCode, routing::any};
use provider_stubs::Outcome;
use runtime::{Done, Failure, Wait};
use serde_json::{Value, json};
use testkit::Harness;

use crate::world::{World, cancelled, created, created_with, reserved, resumed};

const TOTAL: u64 = 10_997;
/// The text of the rude provider, and of the one below.
const RUDE: [&str; 6] = ["Jane", "jane.doe", "Rosewood", "555 0100", "4242 4242", "refused Jane"];

/// A provider that answers every charge so.
fn answering(world: &World, status: u16, body: Value) -> Router {
    let status = StatusCode::from_u16(status).unwrap();
    Router::new()
        .route("/v1/payment_intents", any(move || async move { (status, Json(body)) }))
        .fallback_service(world.provider.router())
}

fn refusing(kind: &str, code: &str, param: &str) -> Value {
    json!({ "error": {
        "type": kind, "code": code, "param": param, "message": "Jane Doe, 4242 4242 4242 4242",
    } })
}

/// What becomes of a charge that is answered so.
async fn charged(status: u16, body: Value) -> (World, Result<Done, Failure>) {
    let world = World::new().await;
    let router = answering(&world, status, body);
    let world = world.at(router).await;
    world.deliver(&created()).await.unwrap();
    let done = world.deliver(&reserved()).await;
    (world, done)
}

#[tokio::test]
async fn what_the_deployment_has_to_set_right_waits_and_publishes_no_refusal() {
    let invalid = "invalid_request_error";
    for (status, kind, code, param) in [
        (400, invalid, "resource_missing", "customer"),
        (404, invalid, "resource_missing", "customer"),
        (400, invalid, "", "currency"),
        (400, invalid, "testmode_charges_only", ""),
        (400, invalid, "account_invalid", ""),
        (401, invalid, "api_key_expired", ""),
        (403, invalid, "secret_key_required", ""),
        (429, invalid, "rate_limit", ""),
        (400, "rate_limit_error", "", ""),
    ] {
        let (world, done) = charged(status, refusing(kind, code, param)).await;
        let failure = done.unwrap_err();
        assert!(failure.is_retry(), "{status} {code}: {failure}");
        assert!(!RUDE.iter().any(|it| failure.to_string().contains(it)), "{failure}");
        assert_eq!(world.events(), [] as [&str; 0], "{status} {code}");
        // The provider as it should be, after an operator has repaired it.
        let router = world.provider.router();
        let world = world.at(router).await;
        assert_eq!(world.complete(&reserved()).await, Done::Handled);
        assert_eq!(world.captured(), [TOTAL], "{status} {code}");
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_paid_for_is_declined_at_once_by_a_code_of_ours() {
    let invalid = "invalid_request_error";
    for (status, kind, code, param, ours) in [
        (400, invalid, "payment_intent_unexpected_state", "", "no_payment_method"),
        (400, invalid, "parameter_missing", "payment_method", "no_payment_method"),
        (400, invalid, "resource_missing", "payment_method", "payment_method_unusable"),
        (404, invalid, "resource_missing", "payment_method", "payment_method_unusable"),
        (400, invalid, "payment_method_unexpected_state", "", "payment_method_unusable"),
        (400, invalid, "amount_too_small", "amount", "amount_too_small"),
        (402, "card_error", "expired_card", "", "expired_card"),
        (402, "card_error", "Jane Doe", "", "other"),
    ] {
        let (world, done) = charged(status, refusing(kind, code, param)).await;
        assert_eq!(done.unwrap(), Done::Rejected, "{status} {code}");
        assert_eq!(world.events(), ["PaymentFailed"]);
        assert_eq!(world.state().await["progress"]["M"]["code"]["S"], ours, "{status} {code}");
        let everything = world.everything().await;
        assert!(!RUDE.iter().any(|it| everything.contains(it)), "{everything}");
    }
}

#[tokio::test]
async fn a_charge_that_waits_for_the_customer_is_declined_and_cannot_be_completed_later() {
    for (card, outcome) in
        [("pm_card_authenticationRequired", None), ("pm_card_visa", Some(Outcome::Action))]
    {
        let world = World::new().await;
        if let Some(outcome) = outcome {
            world.provider.script("order-123", outcome);
        }
        world.deliver(&created_with(card)).await.unwrap();
        assert_eq!(world.deliver(&reserved()).await.unwrap(), Done::Rejected);
        let state = world.state().await;
        assert_eq!(state["progress"]["M"]["code"]["S"], "authentication_required");
        assert_eq!(world.events(), ["PaymentFailed"]);
        let intent = &world.search().await["data"][0];
        assert_eq!(intent["status"], "canceled", "{intent}");
        let path = ["v1", "payment_intents", intent["id"].as_str().unwrap(), "confirm"];
        let refused = world.try_by_hand(&path, &[("payment_method", "pm_card_visa")]).await;
        assert_eq!(refused["error"]["code"], "payment_intent_unexpected_state");
        assert_eq!(world.provider.ledger(), []);
    }
}

#[tokio::test]
async fn a_charge_that_was_completed_a_moment_before_it_could_be_cancelled_is_a_payment() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Action);
    let enrolled = [("metadata[customer_id]", "user-456")];
    world.by_hand(&["v1", "customers"], &enrolled).await;
    world.provider.script("*", Outcome::Down(1));
    world.deliver(&created()).await.unwrap();
    // The charge waits for the customer, and cannot be cancelled: the provider is down.
    assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
    let found = world.search().await;
    let path = ["v1", "payment_intents", found["data"][0]["id"].as_str().unwrap(), "confirm"];
    world.by_hand(&path, &[]).await;
    assert_eq!(world.complete(&reserved()).await, Done::Handled);
    assert_eq!(world.captured(), [TOTAL]);
    assert_eq!(world.events(), ["PaymentCompleted"]);
}

#[tokio::test]
async fn nothing_in_a_rude_providers_answer_is_kept_published_logged_or_dead_lettered() {
    let polite = |text: &str| assert!(!RUDE.iter().any(|it| text.contains(it)), "{text}");
    for status in [400, 402, 404, 409, 429, 500] {
        let world = World::new().await;
        world.provider.script("order-123", Outcome::Rude(status));
        world.deliver(&created()).await.unwrap();
        match world.deliver(&reserved()).await {
            // What is logged, and what is written beside a record that is dead-lettered.
            Err(failure) => polite(&format!("{failure} {failure:?}")),
            Ok(done) => assert_eq!((status, done), (402, Done::Rejected)),
        }
        polite(&world.everything().await);
    }
    for status in [400, 404] {
        let world = World::new().await;
        world.complete_all(&[created(), reserved()]).await;
        world.provider.script("refund:order-123", Outcome::Rude(status));
        assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
        assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
        polite(&world.everything().await);
    }
}

/// The provider keeps its own error for the charge's key, and had charged before it broke, or not.
#[tokio::test]
async fn an_error_that_is_kept_for_the_key_leaves_no_order_unchargeable_and_charges_none_twice() {
    for broken in [Outcome::Broken, Outcome::Halfdone] {
        for later in [0, 30 * 3600] {
            let world = World::new().await;
            world.provider.script("order-123", broken);
            world.deliver(&created()).await.unwrap();
            assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
            world.pass(Duration::from_secs(later));
            assert_eq!(world.complete(&reserved()).await, Done::Handled, "{broken}");
            assert_eq!(world.captured(), [TOTAL], "{broken}");
            assert_eq!(world.events(), ["PaymentCompleted"]);
            world.complete(&cancelled()).await;
            assert_eq!(world.refunded(), [TOTAL], "{broken}");
        }
    }
}

#[tokio::test]
async fn a_charge_that_broke_is_revoked_if_it_took_nothing_and_refunded_if_it_did() {
    for (broken, taken) in [(Outcome::Broken, vec![]), (Outcome::Halfdone, vec![TOTAL])] {
        let world = World::new().await;
        world.provider.script("order-123", broken);
        world.deliver(&created()).await.unwrap();
        assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
        world.complete_all(&[cancelled(), reserved()]).await;
        assert_eq!((world.captured(), world.refunded()), (taken.clone(), taken), "{broken}");
    }
}

/// The provider keeps its own error for the refund's key, and had given the money back before it
/// broke, or not: within the day in which the error is kept, the money goes back, once.
#[tokio::test]
async fn an_error_that_is_kept_for_a_refund_keeps_no_money_and_gives_none_back_twice() {
    for broken in [Outcome::Broken, Outcome::Halfdone] {
        for later in [0, 3_600, 30 * 3_600] {
            let world = World::new().await;
            world.complete_all(&[created(), reserved()]).await;
            world.provider.script("refund:order-123", broken);
            assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
            world.pass(Duration::from_secs(later));
            assert_eq!(world.complete(&cancelled()).await, Done::Handled, "{broken} {later}");
            assert_eq!(world.refunded(), [TOTAL], "{broken} {later}");
            assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"]);
        }
    }
}

/// A refund whose first key is used up by a kept error, and that then fails at the bank: the next
/// one has a key of its own again, whose answer is no other's.
#[tokio::test]
async fn a_refund_that_broke_and_then_failed_at_the_bank_is_made_anew_when_resumed() {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    world.provider.script("refund:order-123", Outcome::Broken);
    assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    world.provider.script("refund:order-123", Outcome::Failing(1));
    world.complete(&cancelled()).await;
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
    world.provider.script("refund:order-123", Outcome::Slow(Duration::ZERO));
    assert_eq!(world.complete(&resumed()).await, Done::Handled);
    assert_eq!(world.refunded(), [TOTAL]);
}

/// The bank waits for a customer who is not there, and the provider keeps an error for the key of
/// the cancellation.
#[tokio::test]
async fn an_error_that_is_kept_for_a_cancellation_leaves_no_payment_open() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Action);
    world.deliver(&created()).await.unwrap();
    // What is left for the cancellation, whose subject is an id that is not known yet.
    world.provider.script("customer:user-456", Outcome::Slow(Duration::ZERO));
    world.provider.script("*", Outcome::Broken);
    assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
    world.complete(&reserved()).await;
    assert_eq!(world.captured(), Vec::<u64>::new());
    assert_eq!(world.events(), ["PaymentFailed"]);
}

/// Every key in turn breaks, with and without an effect: there is one capture in the end, or none.
#[tokio::test]
async fn whichever_attempts_break_and_how_nothing_is_captured_twice() {
    for breaks in 0..64_u32 {
        let world = World::new().await;
        world.deliver(&created()).await.unwrap();
        for attempt in 0..3 {
            let outcomes = [
                Outcome::Slow(Duration::ZERO),
                Outcome::Broken,
                Outcome::Halfdone,
                Outcome::Down(1),
            ];
            let outcome = outcomes[(breaks >> (2 * attempt) & 3) as usize];
            // The second is for the key that follows one that has an answer.
            for subject in ["order-123", "pm_card_visa"] {
                world.provider.script(subject, outcome);
            }
            drop(world.deliver(&reserved()).await);
            assert!(world.captured().len() <= 1, "{breaks}");
        }
        for subject in ["order-123", "pm_card_visa"] {
            world.provider.script(subject, Outcome::Slow(Duration::ZERO));
        }
        world.complete(&reserved()).await;
        assert_eq!(world.captured(), [TOTAL], "{breaks}");
        assert_eq!(world.events(), ["PaymentCompleted"], "{breaks}");
    }
}

/// How long the message is to wait for a refund that is on its way.
fn wait(failure: Failure) -> u64 {
    let Failure::Retry { reason, wait: Wait::AtLeast(wait) } = failure else {
        panic!("{failure:?}")
    };
    assert!(reason.to_string().contains("is pending"), "{reason}");
    wait.as_secs()
}

#[tokio::test]
async fn a_refund_is_published_when_it_has_succeeded_and_is_asked_for_ever_more_rarely() {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    world.provider.script("refund:order-123", Outcome::Pending(2));
    let mut waits = Vec::new();
    for _ in 0..3 {
        waits.push(wait(world.deliver(&cancelled()).await.unwrap_err()));
        assert_eq!(world.events(), ["PaymentCompleted"]);
    }
    assert_eq!(waits, [60, 300, 1500]);
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    assert_eq!(world.refunded(), [TOTAL]);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"]);
}

#[tokio::test]
async fn a_refund_that_is_pending_too_long_is_reviewed_and_goes_on_where_it_is() {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    world.provider.script("refund:order-123", Outcome::Pending(7));
    for _ in 1..8 {
        wait(world.deliver(&cancelled()).await.unwrap_err());
    }
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    let (step, attempts, reason) = world.reviews().remove(0);
    assert_eq!((step.as_str(), attempts.as_str()), ("refund", "8"));
    assert!(reason.starts_with("refund re_") && reason.contains("is pending"), "{reason}");
    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Handled);
    assert_eq!(world.refunded(), [TOTAL]);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview", "PaymentRefunded"]);
}

#[tokio::test]
async fn a_refund_that_the_bank_returns_later_needs_review_and_is_made_anew_when_resumed() {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    world.provider.script("refund:order-123", Outcome::Failing(1));
    for _ in 0..2 {
        wait(world.deliver(&cancelled()).await.unwrap_err());
    }
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
    let (_, _, reason) = world.reviews().remove(0);
    assert!(reason.starts_with("the refund failed at the bank"), "{reason}");
    world.provider.script("refund:order-123", Outcome::Slow(Duration::ZERO));
    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Handled);
    assert_eq!(world.refunded(), [TOTAL]);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview", "PaymentRefunded"]);
}
