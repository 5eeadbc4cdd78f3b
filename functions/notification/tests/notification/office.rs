//! The post office behind a counter that writes down every request, and can answer in its place.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_clients::{Aws, AwsEnv, Credentials, Timeouts};
use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use catalogue::Template;
use local_core::REGION;
use local_dynamodb::FaultPlan;
use local_ses::Mail;
use notification::mail::Mailer;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const SENDER: &str = "shop@example.com";

/// A request for a mail.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    /// As SES got it.
    pub(crate) body: Value,
    /// How many calls to the database the process had made before.
    pub(crate) after_calls: usize,
}

/// An error of SES: status, code and message.
type Refusal = (StatusCode, &'static str, String);

#[derive(Debug, Default)]
struct Counter {
    posted: Mutex<Vec<Posted>>,
    refusals: Mutex<Vec<Refusal>>,
    process: Mutex<Option<FaultPlan>>,
}

/// SES, as the function sees it.
pub(crate) struct Office {
    pub(crate) mail: Mail,
    counter: Arc<Counter>,
    endpoint: String,
    aws: Aws,
}

impl Posted {
    /// The reference in the mail's header.
    pub(crate) fn reference(&self) -> String {
        let headers = self.body["Content"]["Simple"]["Headers"].as_array().unwrap();
        let header = headers.iter().find(|it| it["Name"] == "X-Notification-Reference").unwrap();
        header["Value"].as_str().unwrap().to_owned()
    }
}

impl Office {
    pub(crate) async fn open() -> Self {
        let mail = Mail::default();
        let counter = Arc::<Counter>::default();
        let router = mail.router().layer(from_fn_with_state(counter.clone(), write_down));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let aws = aws(&endpoint, Timeouts::default());
        Self { mail, counter, endpoint, aws }
    }

    /// The same office for clients that wait for an answer no longer than `patience`.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        let timeouts = Timeouts { attempt: timeout, ..Timeouts::default() };
        Self { aws: aws(&self.endpoint, timeouts), ..self }
    }

    /// A client of the process that makes the calls which `plan` counts.
    pub(crate) fn mailer(&self, plan: &FaultPlan) -> Mailer {
        *self.counter.process.lock().unwrap() = Some(plan.clone());
        Mailer::new(&self.aws.sesv2(), SENDER.to_owned())
    }

    /// Answers the next request so, and sends nothing.
    pub(crate) fn refuse(&self, status: StatusCode, code: &'static str, message: &str) {
        self.counter.refusals.lock().unwrap().push((status, code, message.to_owned()));
    }

    /// Every request, oldest first, whatever became of it.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.counter.posted.lock().unwrap().clone()
    }

    /// What the mails that were sent are about, oldest first.
    pub(crate) fn sent(&self) -> Vec<String> {
        let tag = |tags: Vec<(String, String)>| {
            tags.into_iter().find(|(name, _)| name == "template").unwrap().1
        };
        self.mail.mails().into_iter().map(|mail| tag(mail.tags)).collect()
    }

    /// How many mails were sent about this.
    pub(crate) fn count(&self, template: Template) -> usize {
        self.sent().iter().filter(|it| *it == template.as_str()).count()
    }
}

fn aws(endpoint: &str, timeouts: Timeouts) -> Aws {
    let credentials = Credentials::from_keys("AKID", "SECRET", None);
    let endpoint_url = Some(endpoint.to_owned());
    Aws::new(AwsEnv { endpoint_url, timeouts, ..AwsEnv::new(REGION, credentials) }).unwrap()
}

async fn write_down(State(counter): State<Arc<Counter>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let process = counter.process.lock().unwrap().clone();
    let posted = Posted {
        body: serde_json::from_slice(&bytes).unwrap(),
        after_calls: process.map_or(0, |plan| plan.calls()),
    };
    counter.posted.lock().unwrap().push(posted);
    let refusal = counter.refusals.lock().unwrap().pop();
    if let Some((status, code, message)) = refusal {
        let error_type = [("x-amzn-errortype", code)];
        return (status, error_type, Json(json!({ "message": message }))).into_response();
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}
