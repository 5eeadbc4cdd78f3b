//! SES v2 as far as sending goes: `POST /v2/email/outbound-emails`.
//!
//! Every mail is kept in memory and, given a directory, as `<message id>.eml` and `.json`.
//! Mail to `bounce@simulator.amazonses.com` is accepted and bounces, as it does at SES
//! (<https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html>).
//! Scripted subjects are the recipients: `down_<n>` is a 500, `throttle_<n>` a 429, `decline` a
//! `MessageRejected`.

mod eml;
mod request;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use local_core::{
    Clock, Ids,
    script::{self, Outcome, Script},
};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use request::SendEmail;

/// SES's limit for a message, <https://docs.aws.amazon.com/ses/latest/dg/quotas.html>; base64
/// makes it a third longer on the way.
const MESSAGE_BYTES_MAX: usize = 40 * 1024 * 1024;
const REQUEST_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 3 * 4 + 1024 * 1024;
const BOUNCING: [&str; 2] = ["bounce", "simulator.amazonses.com"];
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A mail that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMail {
    /// What SES calls it.
    pub message_id: String,
    /// The sender, with a display name if there is one.
    pub from: String,
    /// `ToAddresses`.
    pub to: Vec<String>,
    /// `CcAddresses`.
    pub cc: Vec<String>,
    /// `BccAddresses`.
    pub bcc: Vec<String>,
    /// The subject; of a raw message, its header.
    pub subject: String,
    /// The text part of a simple message.
    pub text: Option<String>,
    /// The HTML part of a simple message.
    pub html: Option<String>,
    /// The headers of a simple message, `Headers` by name.
    pub headers: Vec<(String, String)>,
    /// `EmailTags` by name.
    pub tags: Vec<(String, String)>,
    /// `ConfigurationSetName`.
    pub configuration_set: Option<String>,
    /// Whether the mailbox refused it after SES had accepted it.
    pub bounced: bool,
    /// When it was accepted.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// An error of SES; the code goes into `x-amzn-errortype`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct MailError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl MailError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequestException", message)
    }

    fn internal() -> Self {
        let message = "the message could not be stored; try again";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceErrorException", message)
    }
}

impl IntoResponse for MailError {
    fn into_response(self) -> Response {
        let body = Json(json!({"message": self.message}));
        (self.status, [(ERROR_TYPE, self.code)], body).into_response()
    }
}

/// The post office; clones share one outbox.
#[derive(Clone)]
pub struct Mail(Arc<Office>);

struct Office {
    clock: Clock,
    ids: Ids,
    directory: Option<PathBuf>,
    script: Script,
    sent: Mutex<Vec<SentMail>>,
}

impl Default for Mail {
    fn default() -> Self {
        Self::new(Clock::system(), None)
    }
}

impl Mail {
    /// A post office that lives by `clock` and leaves each mail in `directory`, which it creates
    /// with the first one.
    pub fn new(clock: Clock, directory: Option<PathBuf>) -> Self {
        let (script, sent) = (Script::default(), Mutex::default());
        Self(Arc::new(Office { ids: Ids::new(&clock), clock, directory, script, sent }))
    }

    /// The service as a router; it has no fallback, so it can be merged into another.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v2/email/outbound-emails", post(send))
            .route("/_sandbox/mails", get(async |State(mail): State<Self>| Json(mail.mails())))
            .merge(script::routes(|mail: &Self| &mail.0.script))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
            .with_state(self.clone())
    }

    /// Every mail that was accepted, oldest first.
    pub fn mails(&self) -> Vec<SentMail> {
        self.0.sent.lock().clone()
    }

    /// Lets mail to `subject` end in `outcome`.
    pub fn script(&self, subject: &str, outcome: Outcome) {
        self.0.script.set(subject, outcome);
    }
}

async fn send(State(mail): State<Mail>, body: Bytes) -> Result<Response, MailError> {
    let request = SendEmail::parse(&body)?;
    let recipients: Vec<&str> = request.recipients().collect();
    let outcome = mail.0.script.next(&recipients);
    let answer_after = match outcome {
        None => Duration::ZERO,
        Some(Outcome::Timeout(after) | Outcome::Slow(after)) => after,
        Some(Outcome::Down(_)) => return Err(MailError::internal()),
        Some(Outcome::Throttle(_)) => {
            let (status, code) = (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException");
            return Err(MailError::new(status, code, "Maximum sending rate exceeded."));
        }
        Some(
            Outcome::Rude(_)
            | Outcome::Action
            | Outcome::Pending(_)
            | Outcome::Failing(_)
            | Outcome::Broken
            | Outcome::Halfdone,
        ) => return Err(MailError::internal()),
        Some(Outcome::Decline) => {
            let (status, code) = (StatusCode::BAD_REQUEST, "MessageRejected");
            return Err(MailError::new(status, code, "Email address is on the suppression list."));
        }
    };
    let message_id = mail.0.accept(request).await?;
    tokio::time::sleep(answer_after).await;
    Ok(Json(json!({"MessageId": message_id})).into_response())
}

impl Office {
    async fn accept(&self, request: SendEmail) -> Result<String, MailError> {
        let at = self.clock.now();
        let message_id = message_id(&self.ids);
        let bounced = request.recipients().any(bounces);
        let eml = eml::render(&request, &message_id, at);
        let mail = request.into_sent(message_id.clone(), bounced, at);
        if let Some(directory) = &self.directory {
            store(directory, &mail, &eml).await.map_err(|error| {
                let directory = directory.display();
                tracing::error!(%directory, %error, "mail could not be stored");
                MailError::internal()
            })?;
        }
        self.sent.lock().push(mail);
        Ok(message_id)
    }
}

async fn store(directory: &Path, mail: &SentMail, eml: &[u8]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(directory).await?;
    let file = |extension: &str| directory.join(format!("{}.{extension}", mail.message_id));
    tokio::fs::write(file("eml"), eml).await?;
    tokio::fs::write(file("json"), serde_json::to_vec_pretty(mail)?).await
}

/// In the shape of SES: the time first, so that files list in the order they were sent.
fn message_id(ids: &Ids) -> String {
    let id = ids.next();
    format!("0100{}-{}-{}-0000-0000-{}-000000", &id[..12], &id[12..20], &id[20..], &id[12..])
}

/// Whether the address is SES's simulator of bounces, labels and all.
fn bounces(address: &str) -> bool {
    let [user, domain] = BOUNCING;
    let bare = request::bare_address(address);
    bare.split_once('@').is_some_and(|(local, at)| {
        at.eq_ignore_ascii_case(domain) && local.split('+').next() == Some(user)
    })
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
