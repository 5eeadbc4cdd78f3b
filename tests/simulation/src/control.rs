//! A payment function as it is often written: it looks for the record of the event, does the work if
//! there is none, writes the record, and then publishes. It is played in place of the real one, to
//! see that the faults of a world are such that this loses events and charges twice.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use catalogue::LIVE;
use event_envelope::{AggregateId, Delivery, Draft, Envelope, Version};
use lambda::{EventHandler, Function, ReplayPolicy, Runtime, service};
use payment::{
    config::Config,
    domain::{Capture, Charge, Input},
    gateway::PaymentGateway,
    webhooks::PaymentMessage,
};
use runtime::{Clock, Done, Failure};
use serde_json::json;

use crate::{description::STACK, provider::Provider};

const SOURCE: &str = "payment-service";
/// What it makes of the event that the order is in stock.
const COMPLETED: &str = "PaymentCompleted";

/// What the function is built of.
struct CheckThenAct {
    tables: aws_sdk_dynamodb::Client,
    events: aws_sdk_eventbridge::Client,
    bus: String,
    payments: String,
    provider: Provider,
    clock: Clock,
}

/// The function, which publishes on `bus`.
pub(crate) fn payment(
    config: Config,
    runtime: Runtime,
    provider: Provider,
    bus: &str,
) -> impl Function {
    let handler = CheckThenAct {
        tables: runtime.aws.dynamodb(),
        events: runtime.aws.eventbridge(),
        bus: bus.to_owned(),
        payments: config.payments.table,
        provider,
        clock: runtime.clock.clone(),
    };
    runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, service(Arc::new(handler)))
}

impl EventHandler for CheckThenAct {
    type Event = PaymentMessage;

    async fn handle(&self, delivery: Delivery<PaymentMessage>) -> Result<Done, Failure> {
        let Delivery { envelope, event: PaymentMessage::Event(event), .. } = delivery else {
            return Ok(Done::Handled);
        };
        let order = event.order_id().clone();
        match Input::from(&event) {
            Input::Created(charge) => self.remember(&order, &charge).await,
            Input::Reserved => self.pay(&order, &envelope).await,
            // It gives nothing back.
            Input::Cancelled
            | Input::Captured(_)
            | Input::Declined(_)
            | Input::Revoked
            | Input::Refunded(_)
            | Input::GaveUp(_)
            | Input::Resumed => Ok(Done::Handled),
        }
    }
}

impl CheckThenAct {
    async fn pay(&self, order: &AggregateId, event: &Envelope) -> Result<Done, Failure> {
        let id = format!("{SOURCE}#{}", event.event_id);
        if self.is_recorded(&id).await? {
            return Ok(Done::Duplicate);
        }
        let charge = self.charge_of(order).await?;
        let customer = self.provider.enroll(&charge.customer).await?;
        let charged = self.provider.charge(order, &charge, &customer, false).await?;
        let Input::Captured(capture) = charged else {
            return Err(Failure::permanent(format!("{charged:?}")));
        };
        self.record(&id).await?;
        self.provider.process.sim.note(&format!("{order} is recorded as paid for"));
        self.publish(order, &capture, event).await?;
        Ok(Done::Handled)
    }

    async fn remember(&self, order: &AggregateId, charge: &Charge) -> Result<Done, Failure> {
        let charge = serde_json::to_string(charge).unwrap();
        let put = self.tables.put_item().table_name(&self.payments);
        let put = put.item("orderId", text(order.as_str())).item("charge", text(&charge));
        put.send().await.map_err(Failure::retry)?;
        Ok(Done::Handled)
    }

    async fn charge_of(&self, order: &AggregateId) -> Result<Charge, Failure> {
        let get = self.tables.get_item().table_name(&self.payments);
        let get = get.key("orderId", text(order.as_str())).consistent_read(true);
        let item = get.send().await.map_err(Failure::retry)?.item;
        let item = item.ok_or_else(|| Failure::retry("the order is not known yet"))?;
        Ok(serde_json::from_str(item["charge"].as_s().unwrap()).unwrap())
    }

    async fn is_recorded(&self, id: &str) -> Result<bool, Failure> {
        let get = self.tables.get_item().table_name(records()).key("id", text(id));
        let got = get.consistent_read(true).send().await.map_err(Failure::retry)?;
        Ok(got.item.is_some())
    }

    async fn record(&self, id: &str) -> Result<(), Failure> {
        let put = self.tables.put_item().table_name(records()).item("id", text(id));
        put.send().await.map(drop).map_err(Failure::retry)
    }

    async fn publish(
        &self,
        order: &AggregateId,
        capture: &Capture,
        cause: &Envelope,
    ) -> Result<(), Failure> {
        let Capture { payment_id, amount } = capture;
        let draft = Draft {
            event_type: COMPLETED.to_owned(),
            event_version: Version::new(2, 0),
            source: SOURCE.to_owned(),
            timestamp: self.clock.now(),
            aggregate_id: order.clone(),
            sequence_number: 1,
            data: json!({ "orderId": order, "paymentId": payment_id, "amount": amount }),
        };
        let detail = draft.caused_by(cause).unwrap().to_json().unwrap();
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(COMPLETED)
            .detail(detail)
            .build();
        let put = self.events.put_events().entries(entry).send().await.map_err(Failure::retry)?;
        match put.failed_entry_count {
            0 => Ok(()),
            _ => Err(Failure::retry("the bus did not take the event")),
        }
    }
}

fn records() -> String {
    format!("{STACK}-event-idempotency")
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
