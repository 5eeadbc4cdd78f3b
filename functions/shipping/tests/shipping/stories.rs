//! What becomes of an order's shipment when nothing goes wrong on the way.

use runtime::Done;
use testkit::Harness;

use crate::world::{World, created, created_for, paid};

#[tokio::test]
async fn an_order_without_an_address_goes_to_the_customers_own() {
    for (asked, used) in [(Some("addr_1"), "addr_1"), (None, "user-456")] {
        let world = World::new().await;
        world.complete_all(&[created_for(asked), paid()]).await;
        assert_eq!(world.carrier.shipments()[0].address_id, used);
        assert_eq!(world.carrier.shipments()[0].reference, "order-123");
        // So that it can check whose address it is.
        assert_eq!(world.carrier.shipments()[0].customer.as_deref(), Some("user-456"));
    }
}

/// What is logged and dead-lettered is the failure's text.
#[tokio::test]
async fn nothing_in_a_rude_carriers_answer_is_kept_published_logged_or_dead_lettered() {
    let polite = |text: &str| {
        let rude = ["Jane", "jane.doe", "Rosewood", "555 0100", "4242 4242"];
        assert!(!rude.iter().any(|it| text.contains(it)), "{text}");
    };
    for status in [400, 404, 409, 422, 429, 500] {
        let world = World::new().await;
        world.carrier.script("order-123", provider_stubs::Outcome::Rude(status));
        world.deliver(&created()).await.unwrap();
        match world.deliver(&paid()).await {
            Err(failure) => polite(&format!("{failure} {failure:?}")),
            Ok(done) => assert_eq!((status, done), (422, Done::Rejected)),
        }
        polite(&world.everything().await);
    }
}
