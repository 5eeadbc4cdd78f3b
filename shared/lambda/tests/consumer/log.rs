use std::{
    io,
    sync::{Arc, Mutex},
};

use event_envelope::Decoder;
use lambda::{Consumer, ReplayPolicy};
use runtime::{Clock, Done, Failure};
use serde_json::{Value, json};
use time::macros::datetime;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    queues::World,
    shop::{handler, placed, run},
};

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn read(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap();
        serde_json::Deserializer::from_slice(&bytes).into_iter().map(Result::unwrap).collect()
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Output {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn every_record_is_logged_once_under_its_ids() {
    let lines = Output::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter("info,metrics=trace")
        .with_writer(lines.clone())
        .finish();
    // For all threads: a line that one thread does not want is cached as wanted by none.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world = World::new();
    let mut caused = placed("order-1", 1);
    caused["detail"]["causationId"] = "evt_cause".into();
    world.send(caused.to_string());
    world.send(placed("order-2", 1).to_string());
    world.send("poison");
    let (service, _) = handler(|event| match event.order.as_str() {
        "order-1" => Ok(Done::Handled),
        _ => Err(Failure::retry("not yet")),
    });
    let dead_letters = world.dead_letters();
    let decoder = Decoder::new("orderId");
    let noon = Clock::fixed(datetime!(2025-11-17 10:30:02.5 UTC));
    let consumer =
        Consumer::new("logged", decoder, ReplayPolicy::Refuse, dead_letters, service).clock(noon);
    run(&world, &consumer).await;

    let lines = lines.read().into_iter().filter(|it| it["span"]["consumer"] == "logged");
    let (metrics, mut lines): (Vec<_>, Vec<_>) = lines.partition(|it| it["target"] == "metrics");
    check_metrics(metrics);
    lines.sort_by_key(|line| line["fields"]["outcome"].to_string());
    let outcomes: Vec<_> =
        lines.iter().map(|it| (&it["fields"]["outcome"], &it["level"])).collect();
    let expected = [("dead_lettered", "ERROR"), ("handled", "INFO"), ("retry", "WARN")];
    assert_eq!(json!(outcomes), json!(expected));
    let span = &lines[1]["span"];
    assert_eq!(span["outcome"], "handled");
    assert_eq!(span["name"], "record");
    assert_eq!(span["receive_count"], 1);
    assert_eq!(span["event_id"], "evt_order-1_1");
    assert_eq!(span["event_type"], "Placed");
    assert_eq!(span["correlation_id"], "corr_order-1");
    assert_eq!(span["causation_id"], "evt_cause");
    assert_eq!(span["aggregate_id"], "order-1");
    assert_eq!(lines[2]["fields"]["reason"], "not yet");
    assert_eq!(lines[2]["fields"]["delay_s"], 1);
}

/// Those of one record handled, one dead-lettered, and one to be delivered again.
fn check_metrics(mut metrics: Vec<Value>) {
    let mut measured: Vec<Value> = metrics.iter_mut().map(|it| it["fields"].take()).collect();
    measured.sort_by_key(Value::to_string);
    for fields in &mut measured {
        let took = fields["histogram.HandlingMs"].take();
        assert!(took.as_f64().is_some_and(|took| took > 0.0), "{took}");
    }
    let expected = json!([
        {
            "histogram.EventAgeMs": 2_500.0, "histogram.HandlingMs": null,
            "monotonic_counter.EventsHandled": 1, "EventType": "Placed",
        },
        {
            "histogram.HandlingMs": null,
            "monotonic_counter.EventsPoisoned": 1, "EventType": "unknown",
        },
        {
            "histogram.HandlingMs": null,
            "monotonic_counter.EventsRetried": 1, "EventType": "Placed",
        },
    ]);
    let mut expected = expected.as_array().unwrap().clone();
    expected.sort_by_key(Value::to_string);
    assert_eq!(measured, expected);
}
