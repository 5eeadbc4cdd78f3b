//! What is logged: each record once, under its ids.

use std::{
    io,
    sync::{Arc, Mutex},
};

use lambda::batch::{Disposition, Queue, TableStream};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    plan::{End, Plan, Step},
    records::{FIFO, change, changes, message, messages, sequence_number},
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
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(lines.clone())
        .finish();
    // For all threads: a line that one thread does not want is cached as wanted by none.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let poison = [Ok(Disposition::DeadLettered), Ok(Disposition::Left), Err(())].map(End::Poison);
    let ends = [End::Done, poison[0], poison[1], poison[2], End::Retry, End::Done];
    let keys = ["done", "dead_lettered", "left", "not dead-lettered", "retry", "retry"];
    let steps = ends.into_iter().zip(keys);
    let steps: Vec<_> =
        steps.map(|(end, key)| Step { key: Some(key.to_owned()), end, yields: 1 }).collect();
    let expected = json!([
        ["INFO", "handled", null, null],
        ["ERROR", "dead_lettered", "never", null],
        ["ERROR", "left", "never", null],
        ["ERROR", "not_dead_lettered", "never", "no room"],
        ["WARN", "retry", "not yet", null],
        ["DEBUG", "held_back", null, null],
    ]);

    // Another ARN than the tests beside this one, which log to the same lines.
    let arn = format!("{FIFO}.logged.fifo");
    let plan = Plan::new(&steps);
    let batch = steps.iter().enumerate();
    let batch = messages(batch.map(|(n, step)| message(&arn, n, step.key.as_deref())));
    Queue::new(plan.service()).on_poison(plan.poison()).handle(batch).await;
    let logged = outcomes(&lines, "queue", &arn, |span, number| {
        assert_eq!(span["receive_count"], 1);
        span["message_id"] == format!("message-{number}")
    });
    assert_eq!(json!(logged), expected);

    let batch = steps.iter().enumerate();
    let mut batch = changes(batch.map(|(n, step)| change(n, json!({ "id": { "S": step.key } }))));
    batch.records.iter_mut().for_each(|it| it.event_source_arn = Some("logged".to_owned()));
    TableStream::new(plan.service(), plan.poison()).handle(batch).await;
    let logged = outcomes(&lines, "stream", "logged", |span, number| {
        assert_eq!(span["event_name"], "MODIFY");
        let is = span["event_id"].as_str() == Some(&number.to_string());
        assert_eq!(is, span["sequence_number"] == sequence_number(number));
        is
    });
    assert_eq!(json!(logged), expected);
    assert!(!json!(lines.read()).to_string().contains("not dead-lettered"), "keys may be personal");
}

/// Level, outcome, reason and error of the six lines in a span whose `field` is `value`, by number
/// of record.
fn outcomes(
    lines: &Output,
    field: &str,
    value: &str,
    is: impl Fn(&Value, usize) -> bool,
) -> Vec<[Value; 4]> {
    let lines = lines.read();
    let lines: Vec<_> = lines.iter().filter(|line| line["span"][field] == value).collect();
    assert_eq!(lines.len(), 6);
    (0..6)
        .map(|number| {
            let line = lines.iter().find(|line| is(&line["span"], number)).unwrap();
            assert_eq!(line["span"]["name"], "record");
            let fields = &line["fields"];
            [&line["level"], &fields["outcome"], &fields["reason"], &fields["error"]]
                .map(Value::clone)
        })
        .collect()
}
