//! Mails, sent through Amazon SES.

use aws_sdk_sesv2::{
    Client,
    config::retry::RetryConfig,
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{
        Body, Content, Destination, EmailContent, Message as SesMessage, MessageHeader, MessageTag,
    },
};
use catalogue::Template;
use event_envelope::AggregateId;
use runtime::Failure;

use crate::{contacts::Address, domain::Message};

/// Names the mail, the same for every attempt: SES has no idempotency key, so a process that dies
/// between sending and writing sends again, and this distinguishes copies from two mails.
const REFERENCE_HEADER: &str = "X-Notification-Reference";

/// What the text of a `MessageRejected` contains when the recipient is suppressed for all senders.
const SUPPRESSED: [&str; 2] = ["suppression list", "address blacklisted"];

/// Sends mails.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    sender: String,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// SES took it.
    Sent {
        /// By this id.
        message_id: String,
    },
    /// SES will never take it.
    Refused {
        /// Why.
        reason: String,
    },
}

impl Mailer {
    /// Sends in the name of `sender`, which SES must have verified.
    ///
    /// Each mail is asked for once: when an answer is lost, the SDK's own retries would send copies
    /// within a second, and the next delivery of the event comes anyway.
    pub fn new(client: &Client, sender: String) -> Self {
        let config = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(config), sender }
    }

    /// Sends `message` about `order` to `address`.
    ///
    /// # Errors
    ///
    /// Retry when SES is unavailable or throttles, or refuses for a reason that an operator can
    /// remove.
    pub async fn send(
        &self,
        order: &AggregateId,
        address: &Address,
        message: &Message,
    ) -> Result<Sending, Failure> {
        let request = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(address.as_str()).build())
            .content(content(order, message).map_err(Failure::permanent)?)
            .email_tags(tag("order", order.as_str()).map_err(Failure::permanent)?)
            .email_tags(tag("template", message.template.as_str()).map_err(Failure::permanent)?);
        match request.send().await {
            Ok(sent) => Ok(Sending::Sent { message_id: sent.message_id.unwrap_or_default() }),
            Err(error) => self.refused(error),
        }
    }

    /// What is about the recipient is final. What is about the sender, the account or the
    /// deployment can be put right, and is tried again until it is.
    fn refused(&self, error: SdkError<SendEmailError>) -> Result<Sending, Failure> {
        let Some(refusal) = error.as_service_error() else {
            return Err(Failure::retry(error));
        };
        let code = refusal.code().unwrap_or("no code").to_owned();
        let mentions = |what: &str| {
            refusal.message().is_some_and(|text| text.to_lowercase().contains(&what.to_lowercase()))
        };
        let is_final = match code.as_str() {
            // The code of an unverified identity, too, and of an account that may only send to
            // verified ones.
            "MessageRejected" => SUPPRESSED.into_iter().any(mentions),
            "BadRequestException" => !mentions(&self.sender),
            _ => false,
        };
        if is_final {
            return Ok(Sending::Refused { reason: format!("SES refuses the mail: {code}") });
        }
        Err(Failure::retry(NotTaken { code }))
    }
}

/// SES did not take the mail. Its message is left out: they may name the address.
#[derive(Debug, thiserror::Error)]
#[error("SES did not take the mail: {code}")]
struct NotTaken {
    code: String,
}

fn content(order: &AggregateId, message: &Message) -> Result<EmailContent, BuildError> {
    let (subject, body) = words(order, message);
    let utf8 = |text: String| Content::builder().data(text).charset("UTF-8").build();
    let reference = format!("{order}.{}", message.template.as_str());
    let header = MessageHeader::builder().name(REFERENCE_HEADER).value(reference).build()?;
    let simple = SesMessage::builder()
        .subject(utf8(subject)?)
        .body(Body::builder().text(utf8(body)?).build())
        .headers(header)
        .build();
    Ok(EmailContent::builder().simple(simple).build())
}

fn tag(name: &str, value: &str) -> Result<MessageTag, BuildError> {
    MessageTag::builder().name(name).value(value).build()
}

/// Plain text: nothing in it can be taken for markup.
fn words(order: &AggregateId, message: &Message) -> (String, String) {
    let detail = message.detail.as_deref().unwrap_or_default();
    match message.template {
        Template::OrderReceived => (
            format!("We have your order {order}"),
            "Thank you. We will tell you when it is on its way.".to_owned(),
        ),
        Template::PaymentReceived => (
            format!("Payment received for order {order}"),
            format!("We received your payment. {detail}").trim_end().to_owned(),
        ),
        Template::OrderShipped => (
            format!("Your order {order} is on its way"),
            format!("You can follow it with: {detail}"),
        ),
        Template::OrderCancelled => (
            format!("Your order {order} is cancelled"),
            format!("The reason: {detail}. Whatever you paid goes back to you."),
        ),
    }
}
