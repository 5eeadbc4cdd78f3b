//! A shipment and its recall as the side effect of a state machine.

use catalogue::Event;
use event_envelope::Delivery;
use lambda::TaskHandler;
use provider_stubs::{Outcome, Shipment, ShipmentStatus};
use runtime::Failure;
use serde_json::{Value, json};
use shipping::{carrier::HttpCarrier, handler::Handler};
use testkit::{
    SideEffect, TestBed,
    orders::task,
    side_effect::{Order, Spec, Step},
    side_effect_tests,
};

use crate::world::{World, cancelled, created, created_for, paid};

impl SideEffect for World {
    const SPEC: Spec = Spec {
        effect: "addr_1",
        performing: "shipping",
        performed: ("shipped", "ShipmentCreated"),
        undone: ("voided", "ShippingFailed"),
        prevented: ("voided", "ShippingFailed"),
        refused: ("refused", "ShippingFailed"),
        refusal: ("address_undeliverable", "the address cannot be delivered to; ask for another"),
        overtaken: &["ShippingFailed"],
        review: "ShippingNeedsReview",
        steps: ("recall", "trace"),
        tasks: ("ship", "recall"),
        nothing: "notShipped",
    };

    async fn open() -> Self {
        Self::new().await
    }

    fn bed(&self) -> &TestBed {
        &self.bed
    }

    fn on(self, change: impl FnOnce(TestBed) -> TestBed) -> Self {
        Self { bed: change(self.bed), ..self }
    }

    fn created(order: Order) -> Delivery<Event> {
        match order {
            Order::Plain => created(),
            Order::Changed => created_for(Some("addr_2")),
            Order::Refused => created_for(Some("addr_undeliverable")),
        }
    }

    fn trigger() -> Delivery<Event> {
        paid()
    }

    fn cancellations() -> Vec<Delivery<Event>> {
        vec![cancelled()]
    }

    fn script(&self, step: Step, outcome: Outcome) {
        let subject = match step {
            Step::Perform => "order-123",
            Step::Undo => "void:order-123",
        };
        self.carrier.script(subject, outcome);
    }

    fn performed(&self) -> Vec<String> {
        self.carrier.shipments().into_iter().map(|shipment| shipment.address_id).collect()
    }

    fn undone(&self) -> Vec<String> {
        let is_voided = |shipment: &Shipment| shipment.status == ShipmentStatus::Voided;
        let voided = self.carrier.shipments().into_iter().filter(is_voided);
        voided.map(|shipment| shipment.address_id).collect()
    }

    async fn work(
        process: &Handler<HttpCarrier>,
        name: &str,
        created: &Delivery<Event>,
    ) -> Result<Value, Failure> {
        let answer = process.handle_task(task(name, created)?).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    fn answer(&self, step: Step) -> Value {
        let shipment = self.carrier.shipments().remove(0);
        match step {
            Step::Perform => json!({
                "status": "shipped",
                "shipmentId": shipment.id,
                "carrier": shipment.carrier,
                "trackingNumber": shipment.tracking_number,
            }),
            Step::Undo => json!({ "status": "recalled" }),
        }
    }
}

side_effect_tests!(World);
