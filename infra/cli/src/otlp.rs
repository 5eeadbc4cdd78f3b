//! The spans of a stack, sent to a collector over OTLP/HTTP in JSON as the functions wrote them.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

use std::{fmt, mem, str::FromStr, sync::Arc, time::Duration};

use local_stack::{console::complain, telemetry::Telemetry};
use reqwest::{Client, StatusCode, Url, header};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{self, Receiver},
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::client::http_client;

/// Who complains.
const NAME: &str = "otlp";
/// Where traces are taken, beneath the endpoint.
const PATH: &str = "v1/traces";
/// The most spans of one request, and the most that wait: what OpenTelemetry's SDKs have as well.
const BATCH_MAX: usize = 512;
const WAITING_MAX: usize = 2_048;
/// How long a batch waits for more spans.
const GATHER: Duration = Duration::from_secs(1);
/// How long an answer is waited for.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The pauses between tries where the collector names none.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long the last spans are tried to be sent when the stack has stopped.
const FINISH_MAX: Duration = Duration::from_secs(5);

/// Where a collector takes traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Arc<Url>);

/// What is no endpoint.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no address of a collector: write --otlp http://127.0.0.1:4318 (without TLS)")]
pub(crate) struct WrongEndpoint(String);

impl FromStr for Endpoint {
    type Err = WrongEndpoint;

    /// Reads the address beneath which the paths of all signals are.
    fn from_str(text: &str) -> Result<Self, WrongEndpoint> {
        let wrong = || WrongEndpoint(text.to_owned());
        let base = format!("{}/", text.trim().trim_end_matches('/'));
        let base = Url::parse(&base).ok().filter(|url| url.scheme() == "http").ok_or_else(wrong)?;
        base.join(PATH).map(|url| Self(Arc::new(url))).map_err(|_| wrong())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a batch did not arrive, or not as a whole.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    /// It is to be tried again.
    #[error("{endpoint} does not take spans now ({reason}): trying again")]
    NotYet { endpoint: Endpoint, reason: String, after: Option<Duration> },
    /// It must not be tried again.
    #[error("{endpoint} refused {spans} spans: {status}")]
    Refused { endpoint: Endpoint, spans: usize, status: StatusCode },
    /// A part of it was taken, which must not be sent again.
    #[error("{endpoint} rejected {rejected} of {spans} spans: {message}")]
    Rejected { endpoint: Endpoint, rejected: u64, spans: usize, message: String },
    /// There is something to say of a batch that was taken.
    #[error("{endpoint} took {spans} spans with a warning: {message}")]
    Warned { endpoint: Endpoint, spans: usize, message: String },
    /// The collector was too slow, or away.
    #[error("{0} spans were not sent: more than {WAITING_MAX} would have waited")]
    Dropped(u64),
    /// The stack has stopped, and the collector does not answer.
    #[error("the last spans were not sent: no collector took them within {FINISH_MAX:?}")]
    Last,
}

/// What sends the spans of a stack.
pub(crate) struct Exporter(JoinHandle<()>);

impl Exporter {
    /// Sends what `telemetry` records from now on.
    pub(crate) fn start(endpoint: Endpoint, telemetry: &Telemetry) -> Result<Self, reqwest::Error> {
        let client = http_client(WAIT_MAX)?;
        let (sender, spans) = mpsc::channel(WAITING_MAX);
        telemetry.forward_spans(sender);
        let sending = async move { Sending { endpoint, client, is_down: false }.run(spans).await };
        Ok(Self(tokio::spawn(sending)))
    }

    /// Sends what there still is, for a while.
    pub(crate) async fn finish(self, telemetry: &Telemetry) {
        let dropped = telemetry.stop_forwarding();
        if dropped > 0 {
            complain(NAME, &Undelivered::Dropped(dropped));
        }
        let stop = self.0.abort_handle();
        if timeout(FINISH_MAX, self.0).await.is_err() {
            stop.abort();
            complain(NAME, &Undelivered::Last);
        }
    }
}

struct Sending {
    endpoint: Endpoint,
    client: Client,
    /// Whether the last request did not arrive, which is said once.
    is_down: bool,
}

impl Sending {
    async fn run(mut self, mut spans: Receiver<Value>) {
        let mut batch = Vec::new();
        while spans.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let until = Instant::now() + GATHER;
            while batch.len() < BATCH_MAX {
                let room = BATCH_MAX - batch.len();
                let more = spans.recv_many(&mut batch, room);
                // None in time, or no more at all.
                if matches!(timeout_at(until, more).await, Ok(0) | Err(_)) {
                    break;
                }
            }
            self.deliver(mem::take(&mut batch)).await;
        }
    }

    /// Sends a batch until it is taken or refused.
    async fn deliver(&mut self, batch: Vec<Value>) {
        let spans = batch.len();
        let body = request(batch).to_string();
        let mut pause = PAUSE_MIN;
        loop {
            let error = match self.post(&body, spans).await {
                Ok(()) => break,
                Err(error) => error,
            };
            let Undelivered::NotYet { after, .. } = error else {
                complain(NAME, &error);
                break;
            };
            if !mem::replace(&mut self.is_down, true) {
                complain(NAME, &error);
            }
            // Half of a pause is random, so that many do not come at once.
            sleep(after.unwrap_or_else(|| pause.mul_f64(0.5 + fastrand::f64() / 2.0))).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        self.is_down = false;
    }

    async fn post(&self, body: &str, spans: usize) -> Result<(), Undelivered> {
        let endpoint = self.endpoint.clone();
        let not_yet = |reason: String, after| {
            Err(Undelivered::NotYet { endpoint: endpoint.clone(), reason, after })
        };
        let request = self.client.post(endpoint.0.as_ref().clone()).body(body.to_owned());
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return not_yet(error.without_url().to_string(), None),
        };
        let status = answer.status();
        if is_retryable(status) {
            let after = answer.headers().get(header::RETRY_AFTER);
            let after = after.and_then(|it| it.to_str().ok()?.parse().ok());
            return not_yet(status.to_string(), after.map(Duration::from_secs));
        }
        if !status.is_success() {
            return Err(Undelivered::Refused { endpoint, spans, status });
        }
        // A body that cannot be read has nothing to say of what was taken.
        let answer = answer.bytes().await.unwrap_or_default();
        match partial_success(&serde_json::from_slice(&answer).unwrap_or_default()) {
            (0, message) if message.is_empty() => Ok(()),
            (0, message) => Err(Undelivered::Warned { endpoint, spans, message }),
            (rejected, message) => {
                Err(Undelivered::Rejected { endpoint, rejected, spans, message })
            }
        }
    }
}

/// No other status may be tried again.
/// Source: <https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes>.
fn is_retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// One request of all of these documents.
fn request(documents: Vec<Value>) -> Value {
    let mut resources = Vec::new();
    for mut document in documents {
        if let Value::Array(of_one) = document["resourceSpans"].take() {
            resources.extend(of_one);
        }
    }
    json!({ "resourceSpans": resources })
}

/// How many spans were rejected, and why. A number of 64 bits may be a text.
fn partial_success(answer: &Value) -> (u64, String) {
    let partial = &answer["partialSuccess"];
    let rejected = &partial["rejectedSpans"];
    let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok());
    let message = partial["errorMessage"].as_str().unwrap_or_default();
    (rejected.unwrap_or_default(), message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_what_all_signals_are_beneath() {
        for (given, traces) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            ("http://tempo/otlp", "http://tempo/otlp/v1/traces"),
        ] {
            assert_eq!(given.parse::<Endpoint>().unwrap().to_string(), traces);
        }
        for wrong in ["", "localhost:4318", "https://collector.example.com", "127.0.0.1"] {
            let error = wrong.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains("write --otlp http://"), "{error}");
        }
    }

    #[test]
    fn documents_become_one_request_and_answers_are_read_in_both_forms() {
        let document = |name: &str| json!({ "resourceSpans": [{ "resource": name }] });
        let whole = request(vec![document("a"), json!({ "resourceLogs": [] }), document("b")]);
        assert_eq!(whole, json!({ "resourceSpans": [{ "resource": "a" }, { "resource": "b" }] }));
        for rejected in [json!(3), json!("3")] {
            let answer =
                json!({ "partialSuccess": { "rejectedSpans": rejected, "errorMessage": "late" } });
            assert_eq!(partial_success(&answer), (3, "late".to_owned()));
        }
        for taken in [json!({}), Value::Null, json!({ "partialSuccess": {} })] {
            assert_eq!(partial_success(&taken), (0, String::new()));
        }
    }

    #[test]
    fn only_what_the_protocol_lists_is_tried_again() {
        let retried =
            (100..600).filter(|status| is_retryable(StatusCode::from_u16(*status).unwrap()));
        assert_eq!(retried.collect::<Vec<u16>>(), [429, 502, 503, 504]);
    }
}
