//! Payment intents: what a client asks for, and the object that answers.
//!
//! Source: <https://docs.stripe.com/api/payment_intents/object>.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{form::Form, refund::Refund, refusal::Refusal};
use crate::script::Outcome;

/// Stripe's limit of eight digits.
pub(super) const AMOUNT_MAX: u64 = 99_999_999;
/// What pays if the client names no payment method.
const DEFAULT_CARD: &str = "pm_card_visa";
const PARAMETERS: &[&str] = &[
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "currency",
    "customer",
    "description",
    "expand",
    "metadata",
    "off_session",
    "payment_method",
    "payment_method_types",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
];

/// Why a bank refuses a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decline {
    pub(super) decline_code: &'static str,
    pub(super) message: &'static str,
}

pub(super) const GENERIC_DECLINE: Decline =
    Decline { decline_code: "generic_decline", message: "Your card was declined." };
const INSUFFICIENT_FUNDS: Decline =
    Decline { decline_code: "insufficient_funds", message: "Your card has insufficient funds." };

/// What a card answers, `None` if there is no such card.
fn card(token: &str) -> Option<Option<Decline>> {
    match Outcome::split_suffix(token).0 {
        "pm_card_visa" | "pm_card_mastercard" => Some(None),
        "pm_card_chargeDeclined" => Some(Some(GENERIC_DECLINE)),
        "pm_card_chargeDeclinedInsufficientFunds" => Some(Some(INSUFFICIENT_FUNDS)),
        _ => None,
    }
}

/// A valid `POST /v1/payment_intents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IntentRequest {
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) customer: Option<String>,
    pub(super) description: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    /// As sent; `None` is the customer's default.
    pub(super) payment_method: Option<String>,
    pub(super) confirm: bool,
    pub(super) decline: Option<Decline>,
}

impl IntentRequest {
    pub(super) fn parse(form: &Form) -> Result<Self, Refusal> {
        form.only(PARAMETERS)?;
        let amount =
            form.integer("amount", AMOUNT_MAX)?.ok_or_else(|| Refusal::missing("amount"))?;
        let currency = form.required("currency")?.to_ascii_lowercase();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
            let message = format!("Invalid currency: {currency}. Use a three-letter ISO code.");
            return Err(Refusal::invalid("currency", message));
        }
        form.one_of("capture_method", &["automatic", "automatic_async"])?;
        let payment_method = form.owned("payment_method");
        let token = payment_method.as_deref().unwrap_or(DEFAULT_CARD);
        let decline = card(token)
            .ok_or_else(|| Refusal::no_such("PaymentMethod", token, "payment_method"))?;
        Ok(Self {
            amount,
            currency,
            customer: form.owned("customer"),
            description: form.owned("description"),
            metadata: form.metadata()?,
            payment_method,
            confirm: form.boolean("confirm")?.unwrap_or(false),
            decline,
        })
    }
}

/// How far an intent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    Succeeded,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::Succeeded => "succeeded",
        }
    }
}

/// A payment intent.
#[derive(Debug, Clone)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) request: IntentRequest,
    pub(super) status: Status,
    pub(super) charge: Option<String>,
    pub(super) created: OffsetDateTime,
    /// Oldest first.
    pub(super) refunds: Vec<Refund>,
}

impl Intent {
    pub(super) fn order_id(&self) -> Option<&String> {
        self.request.metadata.get("order_id")
    }

    /// What may still be refunded.
    pub(super) fn unrefunded(&self) -> u64 {
        let refunded: u64 = self.refunds.iter().map(|refund| refund.amount).sum();
        self.amount_received().saturating_sub(refunded)
    }

    fn amount_received(&self) -> u64 {
        if self.status == Status::Succeeded { self.request.amount } else { 0 }
    }

    /// The card is asked for anew after a decline, so the intent then names none.
    fn payment_method(&self) -> Option<&str> {
        match self.status {
            Status::RequiresPaymentMethod => None,
            Status::RequiresConfirmation => self.request.payment_method.as_deref(),
            Status::Succeeded => {
                Some(self.request.payment_method.as_deref().unwrap_or(DEFAULT_CARD))
            }
        }
    }

    /// The error of a declined charge, without the intent that Stripe encloses.
    pub(super) fn card_error(&self, decline: Decline) -> Value {
        json!({
            "type": "card_error",
            "code": "card_declined",
            "decline_code": decline.decline_code,
            "message": decline.message,
            "charge": self.charge,
            "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let declined =
            self.request.decline.filter(|_| self.status == Status::RequiresPaymentMethod);
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.request.amount,
            "amount_capturable": 0,
            "amount_received": self.amount_received(),
            "capture_method": "automatic",
            "client_secret": null,
            "confirmation_method": "automatic",
            "created": self.created.unix_timestamp(),
            "currency": self.request.currency,
            "customer": self.request.customer,
            "description": self.request.description,
            "last_payment_error": declined.map(|decline| self.card_error(decline)),
            "latest_charge": self.charge,
            "livemode": false,
            "metadata": self.request.metadata,
            "next_action": null,
            "payment_method": self.payment_method(),
            "payment_method_types": ["card"],
            "status": self.status.name(),
        })
    }
}
