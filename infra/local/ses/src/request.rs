//! `SendEmail` as SES v2 takes it, and what it refuses.
//!
//! Source: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use time::OffsetDateTime;

use super::{MESSAGE_BYTES_MAX, MailError, SentMail};

const RECIPIENTS_MAX: usize = 50;
const TAG_BYTES_MAX: usize = 256;
const HEADERS_MAX: usize = 15;
const HEADER_NAME_MAX: usize = 126;
const HEADER_VALUE_MAX: usize = 870;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    from_email_address: Option<String>,
    #[serde(default)]
    destination: Destination,
    content: Option<Content>,
    #[serde(default)]
    email_tags: Vec<Tag>,
    configuration_set_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
    raw: Option<Raw>,
    template: Option<Template>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Option<Part>,
    body: Option<Parts>,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Header {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parts {
    text: Option<Part>,
    html: Option<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Template {
    template_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// At least one of `text` and `html`.
    Simple {
        subject: String,
        text: Option<String>,
        html: Option<String>,
        headers: Vec<(String, String)>,
    },
    /// A whole message in the Internet Message Format.
    Raw(Vec<u8>),
}

/// A valid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SendEmail {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    bcc: Vec<String>,
    pub(super) message: Message,
    tags: Vec<(String, String)>,
    configuration_set: Option<String>,
}

impl SendEmail {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, MailError> {
        let body: Body = serde_json::from_slice(bytes).map_err(|error| {
            // Where it is malformed, never what it holds.
            let at = (error.line(), error.column());
            MailError::bad_request(format!("the body is not a SendEmail request at {at:?}"))
        })?;
        let content = body.content.ok_or_else(|| missing("Content"))?;
        let message = message(content)?;
        let Destination { to_addresses: to, cc_addresses: cc, bcc_addresses: bcc } =
            body.destination;
        let from = match (body.from_email_address, &message) {
            (Some(from), _) => from,
            (None, Message::Raw(raw)) => {
                header_of(raw, "from").ok_or_else(|| missing("FromEmailAddress"))?
            }
            (None, Message::Simple { .. }) => return Err(missing("FromEmailAddress")),
        };
        let tags: Vec<_> = body.email_tags.into_iter().map(|tag| (tag.name, tag.value)).collect();
        let configuration_set = body.configuration_set_name;
        let request = Self { from, to, cc, bcc, message, tags, configuration_set };
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), MailError> {
        let count = self.recipients().count();
        if count == 0 && matches!(self.message, Message::Simple { .. }) {
            return Err(missing("Destination"));
        }
        if count > RECIPIENTS_MAX {
            let message = format!("Recipient count exceeds {RECIPIENTS_MAX}.");
            return Err(MailError::bad_request(message));
        }
        check_address(&self.from)?;
        self.recipients().try_for_each(check_address)?;
        let is_word = |text: &str| {
            (1..=TAG_BYTES_MAX).contains(&text.len())
                && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.@".contains(&it))
        };
        if !self.tags.iter().all(|(name, value)| is_word(name) && is_word(value)) {
            return Err(MailError::bad_request("Invalid EmailTags: use letters, digits, _ - . @"));
        }
        Ok(())
    }

    pub(super) fn recipients(&self) -> impl Iterator<Item = &str> {
        [&self.to, &self.cc, &self.bcc].into_iter().flatten().map(String::as_str)
    }

    pub(super) fn into_sent(
        self,
        message_id: String,
        bounced: bool,
        at: OffsetDateTime,
    ) -> SentMail {
        let (subject, text, html, headers) = match self.message {
            Message::Simple { subject, text, html, headers } => (subject, text, html, headers),
            Message::Raw(raw) => {
                (header_of(&raw, "subject").unwrap_or_default(), None, None, Vec::new())
            }
        };
        SentMail {
            message_id,
            from: self.from,
            to: self.to,
            cc: self.cc,
            bcc: self.bcc,
            subject,
            text,
            html,
            headers,
            tags: self.tags,
            configuration_set: self.configuration_set,
            bounced,
            at,
        }
    }
}

fn missing(member: &str) -> MailError {
    MailError::bad_request(format!("Missing required parameter: {member}"))
}

fn message(content: Content) -> Result<Message, MailError> {
    match (content.simple, content.raw, content.template) {
        (Some(simple), None, None) => simple_message(simple),
        (None, Some(raw), None) => {
            let bytes = STANDARD
                .decode(raw.data)
                .map_err(|_| MailError::bad_request("Content.Raw.Data is not base64"))?;
            if bytes.is_empty() || bytes.len() > MESSAGE_BYTES_MAX {
                return Err(MailError::bad_request("Message length must be from 1 B to 40 MB."));
            }
            Ok(Message::Raw(bytes))
        }
        // No templates are kept here, so none that is asked for exists.
        (None, None, Some(template)) => {
            let name = template.template_name.unwrap_or_default();
            let message = format!("Template {name} does not exist");
            Err(MailError::new(StatusCode::NOT_FOUND, "NotFoundException", message))
        }
        _ => Err(MailError::bad_request("Content has exactly one of Simple, Raw and Template")),
    }
}

fn simple_message(simple: Simple) -> Result<Message, MailError> {
    let subject = simple.subject.ok_or_else(|| missing("Content.Simple.Subject"))?.data;
    if subject.chars().any(char::is_control) {
        return Err(MailError::bad_request("Subject contains control characters"));
    }
    let parts = simple.body.ok_or_else(|| missing("Content.Simple.Body"))?;
    let (text, html) = (parts.text.map(|it| it.data), parts.html.map(|it| it.data));
    if text.is_none() && html.is_none() {
        return Err(missing("Content.Simple.Body.Text"));
    }
    let headers: Vec<_> = simple.headers.into_iter().map(|it| (it.name, it.value)).collect();
    check_headers(&headers)?;
    Ok(Message::Simple { subject, text, html, headers })
}

/// A header is named in printable ASCII but for the colon, and its value is printable ASCII: one
/// with a line break would be several.
///
/// Source: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageHeader.html>.
fn check_headers(headers: &[(String, String)]) -> Result<(), MailError> {
    if headers.len() > HEADERS_MAX {
        let message = format!("Content.Simple.Headers has more than {HEADERS_MAX} headers");
        return Err(MailError::bad_request(message));
    }
    for (name, value) in headers {
        let named = (1..=HEADER_NAME_MAX).contains(&name.len())
            && name.bytes().all(|it| it.is_ascii_graphic() && it != b':');
        let valued = (1..=HEADER_VALUE_MAX).contains(&value.len())
            && value.bytes().all(|it| it == b' ' || it.is_ascii_graphic());
        if !(named && valued) {
            return Err(MailError::bad_request("Content.Simple.Headers has an illegal header"));
        }
    }
    Ok(())
}

/// `a@b.c` of `Name <a@b.c>`.
pub(super) fn bare_address(address: &str) -> &str {
    let inner = address.rsplit_once('<').and_then(|(_, rest)| rest.trim().strip_suffix('>'));
    inner.unwrap_or(address).trim()
}

/// The error names no address: it may end in a log.
fn check_address(address: &str) -> Result<(), MailError> {
    let bare = bare_address(address);
    match bare.rsplit_once('@') {
        None => Err(MailError::bad_request("Missing final '@domain'")),
        Some((local, domain))
            if local.is_empty()
                || domain.is_empty()
                || !bare.is_ascii()
                || bare.contains(char::is_whitespace)
                || address.chars().any(char::is_control) =>
        {
            Err(MailError::bad_request("Illegal address"))
        }
        Some(_) => Ok(()),
    }
}

/// A header of a raw message, unfolded lines aside.
fn header_of(raw: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let mut lines = text.lines().take_while(|line| !line.is_empty());
    let found = lines.find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    found.filter(|value| !value.is_empty())
}
