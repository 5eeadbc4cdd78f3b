//! Where customers can be reached. Events name customers only by id.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use event_envelope::AggregateId;
use outcome::Failure;
use telemetry::Redacted;

/// The longest address. Source: RFC 5321, section 4.5.3.1.3.
const ADDRESS_BYTES_MAX: usize = 254;

/// An address to which mail can be sent. Never shown in logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Redacted<String>);

impl Address {
    /// Takes an address from the store.
    ///
    /// # Errors
    ///
    /// When it is not one address, or could break out of a header.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>,;\"".contains(&byte));
        let parts = text.split_once('@');
        let shaped = parts.is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        });
        if plain && shaped && text.len() <= ADDRESS_BYTES_MAX {
            Ok(Self(Redacted::new(text.to_owned())))
        } else {
            Err(InvalidAddress)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.expose()
    }
}

/// The stored text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the customer's address is not one that mail can be sent to")]
pub struct InvalidAddress;

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
    /// Retry when the table is away.
    pub async fn find(&self, user: &AggregateId) -> Result<Option<String>, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("userId", AttributeValue::S(user.to_string()))
            // A customer who is not found is given up: one who has just registered must be found.
            .consistent_read(true)
            .send()
            .await
            .map_err(Failure::retry)?;
        let email = got.item.as_ref().and_then(|item| item.get("email"));
        Ok(email.and_then(|it| it.as_s().ok()).cloned())
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
            "ad\u{e4}@example.com",
        ] {
            assert_eq!(Address::parse(bad), Err(InvalidAddress), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_not_logged() {
        let shown = format!("{:?}", Address::parse("ada@example.com"));
        assert!(!shown.contains("ada"), "{shown}");
    }
}
