//! Where customers can be reached. Events name customers only by id.

use std::borrow::Cow;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use event_envelope::AggregateId;
use runtime::Failure;
use telemetry::Redacted;

/// The longest address. Source: RFC 5321, section 4.5.3.1.3.
const ADDRESS_BYTES_MAX: usize = 254;

/// An address to which mail can be sent. Never shown in logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Redacted<String>);

impl Address {
    /// Takes an address from the store. A domain with letters beyond ASCII is mapped (to lower
    /// case, among others) and encoded as DNS has it; one within ASCII stays as it is.
    ///
    /// # Errors
    ///
    /// When it is not one address, could break out of a header, or is one that SES does not take.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>,;\"".contains(c);
        let parts = text
            .split_once('@')
            .filter(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
        let Some((user, host)) = parts.filter(|_| text.chars().all(is_plain)) else {
            return Err(InvalidAddress::Malformed);
        };
        if !user.is_ascii() {
            return Err(InvalidAddress::LocalPart);
        }
        let host = in_ascii(host)?;
        let address = format!("{user}@{host}");
        if address.len() > ADDRESS_BYTES_MAX {
            return Err(InvalidAddress::Malformed);
        }
        Ok(Self(Redacted::new(address)))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.expose()
    }
}

/// A domain as it is asked for in DNS: by UTS #46 without its transitional mappings, and strictly,
/// so that no letter that looks like a sign of ASCII becomes one that a header is made of.
/// Source: <https://www.unicode.org/reports/tr46/>, RFC 5891.
fn in_ascii(host: &str) -> Result<Cow<'_, str>, InvalidAddress> {
    if host.is_ascii() {
        return Ok(host.into());
    }
    idna::domain_to_ascii_strict(host).map(Cow::from).map_err(|_| InvalidAddress::Domain)
}

/// Why no mail can be sent to the stored text. None of them repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// It is not one address, or more than that.
    #[error("the customer's address is not one that mail can be sent to")]
    Malformed,
    /// SES has no way to express it.
    /// Source: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>.
    #[error(
        "SES takes only ASCII before the @, and the customer's address has other letters there"
    )]
    LocalPart,
    /// DNS cannot be asked for it.
    #[error("the domain of the customer's address is none that can be encoded for DNS")]
    Domain,
}

/// Reads the customers' addresses.
#[derive(Debug, Clone)]
pub struct Contacts {
    client: Client,
    table: String,
}

impl Contacts {
    /// Reads from `table`: `userId` and `email`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The address of a customer, if there is one.
    ///
    /// # Errors
    ///
    /// Retry when the table is unavailable.
    pub async fn find(&self, user: &AggregateId) -> Result<Option<String>, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("userId", AttributeValue::S(user.to_string()))
            // A customer who is not found gets no mail: one who has just registered must be found.
            .consistent_read(true)
            .send()
            .await
            .map_err(Failure::retry)?;
        let email = got.item.as_ref().and_then(|item| item.get("email"));
        Ok(email.and_then(|value| value.as_s().ok()).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_smuggle_in_a_header() {
        assert!(Address::parse("ada@example.com").is_ok());
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a@b@c",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com, eve@example.com",
            "Ada <ada@example.com>",
            "ada@example.com\u{2028}Bcc: eve@example.com",
            "ada@b\u{fc}cher.example\nBcc: eve@example.com",
            "ada@b\u{fc}cher.example, eve@example.com",
        ] {
            assert_eq!(Address::parse(bad), Err(InvalidAddress::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn a_domain_beyond_ascii_is_encoded() {
        for (stored, sent) in [
            ("anna@b\u{fc}cher.example", "anna@xn--bcher-kva.example"),
            ("a@M\u{dc}NCHEN.example", "a@xn--mnchen-3ya.example"),
            ("a@stra\u{df}e.example", "a@xn--strae-oqa.example"),
            ("a@\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}", "a@xn--r8jz45g.xn--zckzah"),
            ("a@post.b\u{fc}cher\u{3002}example", "a@post.xn--bcher-kva.example"),
            // Within ASCII nothing is changed.
            ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
            ("Anna+Orders@Example.com", "Anna+Orders@Example.com"),
        ] {
            assert_eq!(Address::parse(stored).unwrap().as_str(), sent);
        }
    }

    #[test]
    fn what_ses_cannot_express_is_refused_with_its_reason() {
        let local = Err(InvalidAddress::LocalPart);
        assert_eq!(Address::parse("j\u{f6}rg@example.com"), local);
        assert_eq!(Address::parse("j\u{f6}rg@b\u{fc}cher.example"), local);
        let long = format!("a@{}.example", "\u{fc}".repeat(64));
        for bad in [
            // Signs of headers in other widths, which the mapping would make those of ASCII.
            "a@b\u{fc}cher.example\u{ff0c}eve",
            "a@b\u{fc}cher.example\u{ff1e}",
            "a@eve\u{ff20}b\u{fc}cher.example",
            "a@b\u{fc}cher..example",
            "a@-b\u{fc}cher.example",
            "a@\u{fffd}.example",
            &long,
        ] {
            assert_eq!(Address::parse(bad), Err(InvalidAddress::Domain), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_not_logged() {
        let shown = format!("{:?}", Address::parse("ada@example.com"));
        assert!(!shown.contains("ada"), "{shown}");
    }
}
