//! An address goes from the table of contacts to SES, and nowhere else.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::http::StatusCode;
use local_core::script::Outcome;
use local_dynamodb::FaultPlan;
use testkit::Harness;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::{
    samples::{SAMPLES, queues},
    world::{ADDRESS, World, cancelled, created, created_by, paid, shipped},
};

/// A part of the customer's address by which it is known anywhere.
const TRACE: &str = "lovelace";
/// Everything of ours, and of the SDK what went wrong.
const FILTER: &str = "trace,aws_config=warn,aws_runtime=warn,aws_sdk=warn,aws_sigv4=warn,\
                      aws_smithy=warn,axum=warn,h2=warn,hyper=warn,rustls=warn,tower=warn";

/// What is logged on this thread.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn collect(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(EnvFilter::new(FILTER))
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn read(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// No row, past or present, and so no event holds the address.
#[track_caller]
fn assert_kept_private(world: &World) {
    let images = world.images();
    assert!(!images.is_empty());
    for image in images {
        assert!(!image.to_string().contains(TRACE), "{image}");
    }
}

#[tokio::test]
async fn an_address_is_in_no_row_and_no_event() {
    let world = World::new().await;
    world.office.mail.script(ADDRESS, Outcome::Down(1));
    world.deliver(&created()).await.unwrap_err();
    world.deliver_all(&[created(), paid(), shipped(), cancelled()]).await;
    assert_eq!(world.office.sent().len(), 4);
    assert_kept_private(&world);
}

#[tokio::test]
async fn an_address_that_is_no_address_is_in_no_row_and_no_event_either() {
    let world = World::new().await;
    world.contact("user-789", "ada@lovelace.example\r\nBcc: eve@lovelace.example").await;
    world.deliver(&created_by("user-789")).await.unwrap();
    assert_eq!(world.reasons().len(), 1);
    assert_kept_private(&world);
}

/// SES names the address in what it answers.
const NAMED: [(StatusCode, &str, &str); 3] = [
    (
        StatusCode::BAD_REQUEST,
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region \
         US-EAST-1: ada@lovelace.example",
    ),
    (StatusCode::BAD_REQUEST, "BadRequestException", "Illegal address: ada@lovelace.example"),
    (
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        "User is not authorized to perform `ses:SendEmail' on resource \
         `arn:aws:ses:us-east-1:000000000000:identity/ada@lovelace.example'",
    ),
];

#[tokio::test]
async fn an_address_that_ses_repeats_goes_no_further() {
    for (status, code, message) in NAMED {
        let world = World::new().await;
        world.office.refuse(status, code, message);
        if let Err(failure) = world.deliver(&created()).await {
            assert!(failure.to_string().contains(code), "{failure}");
            assert!(!format!("{failure} {failure:?}").contains(TRACE), "{failure:?}");
        }
        assert_kept_private(&world);
    }
}

#[tokio::test]
async fn an_address_is_in_no_log_and_no_dead_letter() {
    let lines = Lines::default();
    let _collecting = lines.collect();
    for (status, code, message) in NAMED {
        let world = World::new().await;
        let queues = queues();
        world.office.refuse(status, code, message);
        let service = lambda::service(world.notifications(&FaultPlan::none()));
        queues.consume(SAMPLES.read("order-created"), service.clone()).await;
        queues.consume(SAMPLES.read("batch"), service).await;
        for letters in queues.dead_letters() {
            assert!(!format!("{letters:?}").contains(TRACE), "{letters:?}");
        }
    }
    let lines = lines.read();
    let outcomes =
        ["\"outcome\":\"handled\"", "\"outcome\":\"retry\"", "\"outcome\":\"dead_lettered\""];
    assert!(outcomes.iter().all(|outcome| lines.contains(outcome)), "{lines}");
    assert!(!lines.contains(TRACE), "{lines}");
}
