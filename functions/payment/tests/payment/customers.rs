//! Who pays: a customer of the provider's, with something that it has saved.

use std::time::Duration;

use catalogue::{Currency, Money};
use local_dynamodb::{Fault, FaultPlan};
use provider_stubs::Outcome;
use runtime::Done;
use testkit::{Harness, deliver};

use crate::world::{World, cancelled, created, created_by, created_for, created_with, reserved};

const TOTAL: u64 = 10_997;
const DAY_AND_HOUR: Duration = Duration::from_secs(25 * 3600);

/// Has the customer of the order that we call `name` save a card. Gives the ids of both.
async fn saved(world: &World, name: &str) -> (String, String) {
    let customer = world.by_hand(&["v1", "customers"], &[("metadata[customer_id]", name)]).await;
    let path = ["v1", "payment_methods", "pm_card_visa", "attach"];
    let card = world.by_hand(&path, &[("customer", &customer)]).await;
    (customer, card)
}

#[tokio::test]
async fn a_customer_is_made_known_to_the_provider_at_the_first_charge() {
    let world = World::new().await;
    assert_eq!(world.customer().await, None);
    world.complete_all(&[created(), reserved()]).await;
    let customer = world.customer().await.unwrap();
    assert!(customer.starts_with("cus_"), "{customer}");
    assert_eq!(world.search().await["data"][0]["customer"], *customer);
    assert_eq!((world.captured(), world.provider.customers()), (vec![TOTAL], 1));
}

#[tokio::test]
async fn a_crash_before_the_customer_is_kept_leaves_one_customer() {
    for later in [Duration::ZERO, DAY_AND_HOUR] {
        let world = World::new().await;
        world.deliver(&created()).await.unwrap();
        let dying = world.handler(FaultPlan::at(3, Fault::CrashBefore));
        deliver(&dying, &reserved()).await.unwrap_err();
        assert_eq!((world.customer().await, world.provider.customers()), (None, 1));
        world.pass(later);
        world.complete(&reserved()).await;
        assert_eq!((world.captured(), world.provider.customers()), (vec![TOTAL], 1));
    }
}

#[tokio::test]
async fn an_answer_about_the_customer_that_got_lost_leaves_one_customer() {
    for (outcome, customers) in [(Outcome::Down(1), 1), (Outcome::Halfdone, 1)] {
        let world = World::new().await;
        world.provider.script("customer:user-456", outcome);
        world.deliver(&created()).await.unwrap();
        assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
        world.complete(&reserved()).await;
        assert_eq!((world.captured(), world.provider.customers()), (vec![TOTAL], customers));
    }
}

#[tokio::test]
async fn an_error_that_the_provider_keeps_does_not_keep_the_customer_out() {
    let world = World::new().await;
    world.provider.script("customer:user-456", Outcome::Broken);
    world.deliver(&created()).await.unwrap();
    assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
    world.complete(&reserved()).await;
    assert_eq!((world.captured(), world.provider.customers()), (vec![TOTAL], 1));
}

#[tokio::test]
async fn of_two_processes_the_first_determines_the_customer() {
    let world = World::new().await;
    let (other, _) = saved(&world, "somebody").await;
    world.import(&other).await;
    world.complete_all(&[created(), reserved()]).await;
    assert_eq!(world.search().await["data"][0]["customer"], *other);
    assert_eq!(world.customer().await, Some(other));
}

#[tokio::test]
async fn an_invalid_item_waits_for_the_operator() {
    let world = World::new().await;
    world.import("cus 1").await;
    world.deliver(&created()).await.unwrap();
    let failure = world.deliver(&reserved()).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
    assert!(failure.to_string().contains("providerCustomerId"), "{failure}");
    assert_eq!(world.events(), [] as [&str; 0]);
}

#[tokio::test]
async fn an_order_that_names_no_payment_method_is_paid_with_what_the_customer_has_saved() {
    let world = World::new().await;
    let (customer, card) = saved(&world, "user-456").await;
    world.complete_all(&[created_by(None), reserved()]).await;
    let intent = &world.search().await["data"][0];
    assert_eq!((&intent["customer"], &intent["payment_method"]), (&customer.into(), &card.into()));
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn an_order_of_a_customer_who_has_nothing_to_pay_with_is_declined() {
    let world = World::new().await;
    world.deliver(&created_by(None)).await.unwrap();
    assert_eq!(world.deliver(&reserved()).await.unwrap(), Done::Rejected);
    let state = world.state().await;
    assert_eq!(state["progress"]["M"]["code"]["S"], "no_payment_method");
    assert_eq!((world.events(), world.captured()), (vec!["PaymentFailed".to_owned()], vec![]));
}

#[tokio::test]
async fn a_payment_method_of_another_customer_is_declined() {
    let world = World::new().await;
    let (_, card) = saved(&world, "somebody").await;
    world.deliver(&created_with(&card)).await.unwrap();
    assert_eq!(world.deliver(&reserved()).await.unwrap(), Done::Rejected);
    let state = world.state().await;
    assert_eq!(state["progress"]["M"]["code"]["S"], "payment_method_unusable");
    assert_eq!(world.provider.ledger(), []);
}

#[tokio::test]
async fn an_amount_goes_out_and_comes_back_as_the_provider_counts_it() {
    for (amount, code, number) in [(4_000, "ISK", 400_000), (50_000, "MGA", 500)] {
        let world = World::new().await;
        let total = Money::new(amount, Currency::parse(code).unwrap());
        world.complete_all(&[created_for(total), reserved(), cancelled()]).await;
        assert_eq!((world.captured(), world.refunded()), (vec![number], vec![number]), "{code}");
        assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"], "{code}");
    }
}

#[tokio::test]
async fn an_amount_that_the_provider_cannot_count_is_declined_and_nothing_is_sent() {
    let world = World::new().await;
    let total = Money::new(5_124, Currency::parse("KWD").unwrap());
    world.deliver(&created_for(total)).await.unwrap();
    assert_eq!(world.deliver(&reserved()).await.unwrap(), Done::Rejected);
    assert_eq!(world.state().await["progress"]["M"]["code"]["S"], "amount_not_supported");
    assert_eq!(world.search().await["data"].as_array().unwrap().len(), 0);
}
