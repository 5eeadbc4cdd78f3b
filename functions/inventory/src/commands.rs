//! What an administrator may want of a product's stock. Pure.

use event_envelope::AggregateId;
use http_api::{CARD_NUMBER, Problem, Request, holds_card_number, is_one_line};
use serde::{Deserialize, Serialize};

use crate::shards::SHARDS_MAX;

/// The most pieces that one command adds or removes. More is taken for a typing error.
pub const QUANTITY_MAX: u32 = 1_000_000;
/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// What is to be done with a product's stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Command {
    /// Goods have come in.
    Restock(Restock),
    /// An administrator has counted.
    Adjust(Adjust),
    /// More or fewer orders want the product at once.
    Spread(Shards),
}

/// The body of `POST /admin/stock/{productId}/restock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restock {
    /// How many came in.
    pub quantity: u32,
}

/// The body of `POST /admin/stock/{productId}/adjust`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjust {
    /// How many there are more than was thought; less than 0: fewer.
    pub delta: i32,
    /// Why that may be, for people.
    pub reason: String,
}

/// The body of `PUT /admin/stock/{productId}/shards`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shards {
    /// Over how many items.
    pub shards: u8,
}

/// What was done with a product's stock: a row that is kept for ever. But for `by` it is the answer
/// to the command, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Movement {
    /// The product.
    pub product_id: AggregateId,
    /// Follows from who sent the command under which key, so that it is done once even when
    /// the record of the key has expired.
    pub movement_id: String,
    /// What was done.
    #[serde(flatten)]
    pub command: Command,
    /// When, as RFC 3339 has it.
    pub at: String,
    /// The ARN of who wanted it. It may name a session after a person, so that it stands nowhere
    /// else.
    pub by: String,
}

impl Command {
    /// What a request for this route wants.
    ///
    /// # Errors
    ///
    /// A 404 when it is no route of a command; otherwise what is wrong with the body.
    pub fn of(request: Request<'_>) -> Result<Self, Problem> {
        let command = match request.route_key() {
            "POST /admin/stock/{productId}/restock" => Self::Restock(request.json_body()?),
            "POST /admin/stock/{productId}/adjust" => Self::Adjust(request.json_body()?),
            "PUT /admin/stock/{productId}/shards" => Self::Spread(request.json_body()?),
            other => return Err(Problem::not_found(format!("there is no route {other:?} here"))),
        };
        command.check().map(|()| command)
    }

    fn check(&self) -> Result<(), Problem> {
        let refuse = |field, detail| Err(Problem::invalid_field(field, detail));
        match self {
            Self::Restock(Restock { quantity }) if !(1..=QUANTITY_MAX).contains(quantity) => {
                refuse("/quantity", format!("a whole number from 1 to {QUANTITY_MAX}"))
            }
            Self::Adjust(Adjust { delta, .. })
                if !(1..=QUANTITY_MAX).contains(&delta.unsigned_abs()) =>
            {
                let most = format!("a whole number from -{QUANTITY_MAX} to {QUANTITY_MAX}");
                refuse("/delta", format!("{most}, and not 0"))
            }
            Self::Adjust(Adjust { reason, .. }) if !is_one_line(reason, REASON_CHARS_MAX) => {
                refuse(
                    "/reason",
                    format!("one line of 1 to {REASON_CHARS_MAX} characters that can be seen"),
                )
            }
            Self::Adjust(Adjust { reason, .. }) if holds_card_number(reason) => {
                refuse("/reason", CARD_NUMBER.to_owned())
            }
            Self::Spread(Shards { shards }) if !(1..=SHARDS_MAX).contains(shards) => {
                refuse("/shards", format!("a whole number from 1 to {SHARDS_MAX}"))
            }
            Self::Restock(_) | Self::Adjust(_) | Self::Spread(_) => Ok(()),
        }
    }
}
