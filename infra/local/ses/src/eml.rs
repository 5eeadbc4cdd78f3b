//! A mail as a file that any mail reader opens.

use base64::{Engine, engine::general_purpose::STANDARD};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::request::{Message, SendEmail};

/// The domain of message ids in the region that the stack pretends to be in.
const MESSAGE_ID_DOMAIN: &str = "email.amazonses.com";
/// Base64 characters per line, RFC 2045 section 6.8.
const BASE64_LINE_MAX: usize = 76;
/// Bytes of a line that is sent as it is, RFC 5322 section 2.1.1.
const LINE_MAX: usize = 998;
/// Bytes of an encoded word, which has 75 characters with its frame, RFC 2047 section 2.
const WORD_BYTES_MAX: usize = 45;

/// The message as it would leave SES; blind copies are left out.
pub(super) fn render(request: &SendEmail, message_id: &str, at: OffsetDateTime) -> Vec<u8> {
    let (subject, text, html, headers) = match &request.message {
        Message::Raw(raw) => return raw.clone(),
        Message::Simple { subject, text, html, headers } => (subject, text, html, headers),
    };
    let mut lines = vec![
        format!("From: {}", request.from),
        format!("To: {}", request.to.join(", ")),
        format!("Subject: {}", encoded_word(subject)),
        format!("Date: {}", at.format(&Rfc2822).unwrap_or_default()),
        format!("Message-ID: <{message_id}@{MESSAGE_ID_DOMAIN}>"),
        "MIME-Version: 1.0".to_owned(),
    ];
    if !request.cc.is_empty() {
        lines.insert(2, format!("Cc: {}", request.cc.join(", ")));
    }
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    match (text, html) {
        (Some(text), Some(html)) => {
            let boundary = format!("=_{message_id}");
            lines.push(format!("Content-Type: multipart/alternative; boundary=\"{boundary}\""));
            for (kind, content) in [("plain", text), ("html", html)] {
                lines.push(format!("\r\n--{boundary}"));
                lines.push(part(kind, content));
            }
            lines.push(format!("\r\n--{boundary}--"));
        }
        (Some(text), None) => lines.push(part("plain", text)),
        (None, html) => lines.push(part("html", html.as_deref().unwrap_or_default())),
    }
    let mut message = lines.join("\r\n");
    message.push_str("\r\n");
    message.into_bytes()
}

fn part(kind: &str, content: &str) -> String {
    let header = format!("Content-Type: text/{kind}; charset=UTF-8");
    let fits = |line: &str| line.len() <= LINE_MAX;
    if content.is_ascii() && content.lines().all(fits) {
        let body = content.lines().collect::<Vec<_>>().join("\r\n");
        return format!("{header}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{body}");
    }
    let encoded = STANDARD.encode(content);
    let body: Vec<_> = encoded
        .as_bytes()
        .chunks(BASE64_LINE_MAX)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!("{header}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", body.join("\r\n"))
}

/// A header's text, RFC 2047 if it is not ASCII.
fn encoded_word(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for character in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + character.len_utf8() <= WORD_BYTES_MAX => {
                word.push(character)
            }
            _ => words.push(character.to_string()),
        }
    }
    let encoded = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}
