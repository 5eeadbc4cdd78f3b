//! What becomes of an order's money when the provider, or the way to it, fails.

use std::time::Duration;

use event_envelope::AggregateId;
use events::Money;
use local_dynamodb::{Fault, FaultPlan};
use local_sandbox::Outcome;
use local_testkit::Stage;
use payment::{domain::Charge, gateway::PaymentGateway};

use crate::world::{World, cancelled, created, order, reserved};

const TOTAL: u64 = 10_997;
/// Longer than the provider's work takes, shorter than it is told to take.
const PATIENCE: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(1);
const DAY_AND_HOUR: Duration = Duration::from_secs(25 * 3600);

#[tokio::test]
async fn a_charge_whose_answer_never_came_is_found() {
    let world = World::new().await.with_patience(PATIENCE);
    world.provider.script("order-123", Outcome::Timeout(LONG));
    world.deliver(&created()).await.unwrap();
    assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
    world.settle(&reserved()).await;
    assert_eq!(world.captured(), [TOTAL]);
    assert_eq!(world.said(), ["PaymentCompleted"]);
}

#[tokio::test]
async fn a_refund_whose_answer_never_came_is_found() {
    let world = World::new().await.with_patience(PATIENCE);
    world.provider.script("refund:order-123", Outcome::Timeout(LONG));
    world.settle_all(&[created(), reserved()]).await;
    assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    world.pass(DAY_AND_HOUR);
    world.settle(&cancelled()).await;
    assert_eq!(world.refunded(), [TOTAL]);
    assert_eq!(world.said(), ["PaymentCompleted", "PaymentRefunded"]);
}

#[tokio::test]
async fn a_provider_that_is_down_or_busy_is_asked_again() {
    for outcome in [Outcome::Down(2), Outcome::Throttle(2)] {
        let world = World::new().await;
        world.provider.script("order-123", outcome);
        world.deliver(&created()).await.unwrap();
        for _ in 0..2 {
            assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
            assert_eq!(world.captured(), [] as [u64; 0]);
        }
        world.settle(&reserved()).await;
        assert_eq!(world.captured(), [TOTAL]);
    }
}

#[tokio::test]
async fn a_key_that_is_refused_waits_for_an_operator() {
    let world = World::new().await.with_key("pk_not_secret");
    world.deliver(&created()).await.unwrap();
    let failure = world.deliver(&reserved()).await.unwrap_err();
    assert!(failure.is_retry());
    assert!(failure.to_string().contains("refuses the API key"), "{failure}");
    let world = world.with_key("sk_rotated");
    world.settle(&reserved()).await;
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn a_redrive_after_the_provider_forgot_the_key_charges_nobody_again() {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    // Load, lease, charge: the process dies when it wants to write down the answer.
    let dying = world.handler(FaultPlan::at(2, Fault::CrashBefore));
    dying.handle(&reserved()).await.unwrap_err();
    assert_eq!(world.captured(), [TOTAL]);
    assert_eq!(world.status().await, "charging");
    world.pass(DAY_AND_HOUR);
    world.settle(&reserved()).await;
    assert_eq!(world.captured(), [TOTAL]);
    assert_eq!(world.said(), ["PaymentCompleted"]);
}

#[tokio::test]
async fn of_two_handlers_at_once_one_charges() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Slow(Duration::from_millis(100)));
    let (created, reserved) = (created(), reserved());
    let (one, other, third) =
        tokio::join!(world.deliver(&created), world.deliver(&reserved), world.deliver(&reserved));
    assert!([&one, &other, &third].iter().any(|it| it.is_ok()));
    for failure in [one, other, third].into_iter().filter_map(Result::err) {
        assert!(failure.is_retry(), "{failure}");
    }
    world.settle_all(&[created, reserved]).await;
    assert_eq!(world.captured(), [TOTAL]);
    assert_eq!(world.said(), ["PaymentCompleted"]);
}

#[tokio::test]
async fn a_cancel_during_a_charge_beats_it() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Slow(Duration::from_millis(200)));
    world.deliver(&created()).await.unwrap();
    let (reserved, cancelled) = (reserved(), cancelled());
    let cancel = async {
        while world.status().await != "charging" {
            tokio::task::yield_now().await;
        }
        world.deliver(&cancelled).await
    };
    let (charged, called_off) = tokio::join!(world.deliver(&reserved), cancel);
    charged.unwrap();
    called_off.unwrap();
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
    assert_eq!(world.said(), ["PaymentCompleted", "PaymentRefunded"]);
}

#[tokio::test]
async fn a_charge_nobody_heard_of_is_found_and_refunded_when_the_order_is_cancelled() {
    for later in [Duration::ZERO, DAY_AND_HOUR] {
        let world = World::new().await.with_patience(PATIENCE);
        world.provider.script("order-123", Outcome::Timeout(LONG));
        world.deliver(&created()).await.unwrap();
        world.deliver(&reserved()).await.unwrap_err();
        world.pass(later);
        world.settle_all(&[cancelled(), reserved()]).await;
        assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
    }
}

#[tokio::test]
async fn a_charge_that_arrives_after_the_cancel_is_waited_for_and_refunded() {
    let world = World::new().await.with_patience(PATIENCE);
    world.provider.script("order-123", Outcome::Slow(LONG));
    world.deliver(&created()).await.unwrap();
    world.deliver(&reserved()).await.unwrap_err();
    // The provider is still at it, so that neither the search nor the key says how it ends.
    world.settle_all(&[cancelled(), reserved()]).await;
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
}

#[tokio::test]
async fn a_charge_that_never_arrived_is_kept_from_arriving_after_the_cancel() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Down(1));
    world.deliver(&created()).await.unwrap();
    world.deliver(&reserved()).await.unwrap_err();
    world.settle_all(&[cancelled(), reserved()]).await;
    assert_eq!(world.status().await, "revoked");

    // The request that somebody sent long ago.
    let customer = AggregateId::parse("user-456").unwrap();
    let payment_method = Some("pm_card_visa".to_owned());
    let charge = Charge { amount: Money::usd(10_997), customer, payment_method };
    let failure = world.gateway().charge(&order(), &charge, false).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
    assert_eq!(world.provider.ledger(), []);
    assert_eq!(world.said(), [] as [&str; 0]);
}
