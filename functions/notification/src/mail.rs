//! Mails, sent through Amazon SES.

use aws_sdk_sesv2::{
    Client,
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message as SesMessage, MessageHeader, MessageTag},
};
use event_envelope::AggregateId;
use events::Template;
use outcome::Failure;

use crate::{contacts::Address, domain::Message};

/// Names the mail, the same for every attempt: SES has no idempotency key, so a process that dies
/// between sending and writing sends again, and this tells the copies apart from two mails.
const REFERENCE_HEADER: &str = "X-Notification-Reference";

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
    pub fn new(client: Client, sender: String) -> Self {
        Self { client, sender }
    }

    /// Sends `message` about `order` to `address`.
    ///
    /// # Errors
    ///
    /// Retry when SES is away or throttles.
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
            .content(content(order, message).map_err(Failure::poison)?)
            .email_tags(tag("order", order.as_str()).map_err(Failure::poison)?)
            .email_tags(tag("template", message.template.as_str()).map_err(Failure::poison)?);
        match request.send().await {
            Ok(sent) => Ok(Sending::Sent { message_id: sent.message_id.unwrap_or_default() }),
            Err(error) => refused(error),
        }
    }
}

fn refused(error: SdkError<SendEmailError>) -> Result<Sending, Failure> {
    let final_answer = matches!(
        error.code(),
        Some("MessageRejected" | "BadRequestException" | "MailFromDomainNotVerifiedException")
    );
    if final_answer {
        Ok(Sending::Refused { reason: error.message().unwrap_or("refused by SES").to_owned() })
    } else {
        Err(Failure::retry(error))
    }
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
