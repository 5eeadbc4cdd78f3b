//! Why nothing was taken, in words of our own.

use serde::{Deserialize, Serialize};

/// Why nothing was taken, and nothing will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// Why, for programs: the name of a [`DeclineCode`], or [`CALLED_OFF`](super::CALLED_OFF). Rows
    /// of earlier versions have the provider's.
    pub code: String,
    /// Why, for people.
    pub reason: String,
}

/// Why a provider refuses an order's payment for good. The list is closed: what a provider writes
/// of its own may name people and cards, and goes no further than its adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclineCode {
    /// The provider cannot take this amount to the last unit, or does not know the currency.
    AmountNotSupported,
    /// The order's amount is more than the provider takes at once.
    AmountTooLarge,
    /// The order's amount is less than the provider takes.
    AmountTooSmall,
    /// The bank wants to ask the customer, who is not there.
    AuthenticationRequired,
    /// The bank refuses, without a reason that a customer may see.
    CardDeclined,
    /// The card does not pay in this currency.
    CurrencyNotSupported,
    /// The card has expired.
    ExpiredCard,
    /// A number, code or date of the card is wrong.
    IncorrectCard,
    /// There is not enough money.
    InsufficientFunds,
    /// The card was used too often, or for too much.
    LimitExceeded,
    /// The order names no payment method, and the customer has none.
    NoPaymentMethod,
    /// The payment method does not exist, or cannot be used for this.
    PaymentMethodUnusable,
    /// Something went wrong between the provider and the bank.
    ProcessingError,
    /// Anything else.
    Other,
}

impl DeclineCode {
    /// Each of them.
    pub const ALL: [Self; 14] = [
        Self::AmountNotSupported,
        Self::AmountTooLarge,
        Self::AmountTooSmall,
        Self::AuthenticationRequired,
        Self::CardDeclined,
        Self::CurrencyNotSupported,
        Self::ExpiredCard,
        Self::IncorrectCard,
        Self::InsufficientFunds,
        Self::LimitExceeded,
        Self::NoPaymentMethod,
        Self::PaymentMethodUnusable,
        Self::ProcessingError,
        Self::Other,
    ];

    /// The code, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AmountNotSupported => "amount_not_supported",
            Self::AmountTooLarge => "amount_too_large",
            Self::AmountTooSmall => "amount_too_small",
            Self::AuthenticationRequired => "authentication_required",
            Self::CardDeclined => "card_declined",
            Self::CurrencyNotSupported => "currency_not_supported",
            Self::ExpiredCard => "expired_card",
            Self::IncorrectCard => "incorrect_card",
            Self::InsufficientFunds => "insufficient_funds",
            Self::LimitExceeded => "limit_exceeded",
            Self::NoPaymentMethod => "no_payment_method",
            Self::PaymentMethodUnusable => "payment_method_unusable",
            Self::ProcessingError => "processing_error",
            Self::Other => "other",
        }
    }

    /// What the customer sees.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AmountNotSupported => "This amount cannot be paid exactly in this currency.",
            Self::AmountTooLarge => "The amount is more than can be paid at once.",
            Self::AmountTooSmall => "The amount is less than can be paid this way.",
            Self::AuthenticationRequired => {
                "The bank asks for a confirmation that cannot be given here."
            }
            Self::CardDeclined => "The bank declined the payment.",
            Self::CurrencyNotSupported => "The card cannot be used in this currency.",
            Self::ExpiredCard => "The card has expired.",
            Self::IncorrectCard => "A detail of the card is incorrect.",
            Self::InsufficientFunds => "The account has insufficient funds.",
            Self::LimitExceeded => "The card's limit is exceeded.",
            Self::NoPaymentMethod => "There is no payment method to pay with.",
            Self::PaymentMethodUnusable => "The payment method cannot be used.",
            Self::ProcessingError => "The bank could not process the payment.",
            Self::Other => "The payment was not accepted.",
        }
    }
}

impl From<DeclineCode> for Decline {
    fn from(code: DeclineCode) -> Self {
        Self { code: code.name().to_owned(), reason: code.reason().to_owned() }
    }
}
