use std::cell::RefCell;

use aws_sdk_dynamodb::{Client, error::ProvideErrorMetadata, types::AttributeValue};
use catalogue::OrderCompleted;
use event_envelope::{AggregateId, CorrelationId};
use local_dynamodb::DynamoDb;

use super::*;

const TABLE: &str = "orderly-payments";

/// A function that writes one row for each order, and may forget to look whether it is there.
struct Counter {
    database: DynamoDb,
    /// When it was handed what, and when time passed.
    log: RefCell<Vec<String>>,
    careless: bool,
}

impl Counter {
    async fn open(careless: bool) -> Self {
        let database = crate::database(&[TABLE]).await;
        Self { database, log: RefCell::default(), careless }
    }
}

impl Harness for Counter {
    type Process = (Client, bool);

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        self.log.borrow_mut().push("process".to_owned());
        (self.database.client_with(plan.clone()), self.careless)
    }

    async fn handle(
        (client, careless): &Self::Process,
        delivery: &Delivery<Event>,
    ) -> Result<Done, Failure> {
        let id = AttributeValue::S(delivery.envelope.aggregate_id.to_string());
        let put = client.put_item().table_name(TABLE).item("orderId", id);
        let put = put.condition_expression("attribute_not_exists(orderId)");
        match put.send().await {
            Ok(_) => Ok(Done::Handled),
            Err(error) if error.code() != Some("ConditionalCheckFailedException") => {
                Err(Failure::retry("the database failed"))
            }
            Err(_) if *careless => Ok(Done::Handled),
            Err(_) => Ok(Done::Duplicate),
        }
    }

    fn pass(&self, time: Duration) {
        self.log.borrow_mut().push(format!("{} days", time.as_secs() / 86_400));
    }
}

fn story() -> [Delivery<Event>; 2] {
    ["order-1", "order-2"].map(|order| {
        let order_id = AggregateId::parse(order).unwrap();
        let event = Event::from(OrderCompleted { order_id: order_id.clone(), total: None });
        let draft = event.draft(order_id, 1, time::OffsetDateTime::UNIX_EPOCH);
        Delivery { envelope: draft.root(CorrelationId::of(order), None), event, replay: None }
    })
}

#[test]
#[should_panic(expected = "no call was counted")]
fn a_sweep_of_no_calls_is_an_error() {
    cases(&FaultPlan::none());
}

#[tokio::test]
async fn a_story_is_told_with_every_fault_at_every_call() {
    for again in [Again::AtOnce, Again::MuchLater, Again::Last] {
        let met = RefCell::new(Vec::new());
        sweep(
            async || Counter::open(false).await,
            &story(),
            again,
            async |undisturbed: &Counter, disturbed: &Counter, case| {
                // The story, and each of its events once more.
                assert_eq!(undisturbed.log.borrow().len(), 3);
                let rows = disturbed.database.client().scan().table_name(TABLE).send().await;
                assert_eq!(rows.unwrap().count(), 2, "{case}");
                // The SDK repeats the other calls by itself.
                let fails = [Fault::CrashBefore, Fault::CrashAfter, Fault::Conflict];
                let waited = disturbed.log.borrow().iter().any(|it| it == "366 days");
                let failed = fails.contains(&case.fault);
                assert_eq!(waited, failed && again == Again::MuchLater, "{case}");
                met.borrow_mut().push(case);
            },
        )
        .await;
        let expected = Fault::ALL.map(|fault| [0, 1].map(|call| Case { fault, call }));
        assert_eq!(met.into_inner(), expected.concat());
    }
}

#[tokio::test]
#[should_panic(expected = "Duplicate")]
async fn an_effect_of_what_was_told_is_an_error() {
    let open = async || Counter::open(true).await;
    sweep(open, &story(), Again::AtOnce, async |_: &Counter, _: &Counter, _| ()).await;
}
