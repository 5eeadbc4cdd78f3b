//! Payment intents: what a client asks for, and the object that answers.
//!
//! Source: <https://docs.stripe.com/api/payment_intents/object>.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    customers::Customers,
    form::Form,
    refund::{Refund, RefundStatus},
    refusal::Refusal,
};
use local_core::script::Outcome;

/// Stripe's limit of eight digits.
pub(super) const AMOUNT_MAX: u64 = 99_999_999;
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
    pub(super) code: &'static str,
    pub(super) decline_code: &'static str,
    pub(super) message: &'static str,
}

pub(super) const GENERIC_DECLINE: Decline = declined("generic_decline", "Your card was declined.");
const INSUFFICIENT_FUNDS: Decline =
    declined("insufficient_funds", "Your card has insufficient funds.");
const LOST: Decline = declined("lost_card", "Your card was declined.");
const EXPIRED: Decline =
    Decline { code: "expired_card", ..declined("expired_card", "Your card has expired.") };
const INCORRECT_CVC: Decline =
    Decline { code: "incorrect_cvc", ..declined("incorrect_cvc", "The security code is wrong.") };
const PROCESSING_ERROR: Decline = Decline {
    code: "processing_error",
    ..declined("processing_error", "An error occurred while processing your card.")
};
/// What is said of a card whose bank asks for a customer who is not there.
pub(super) const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    ..declined("authentication_required", "Your card was declined: it requires authentication.")
};
/// The card whose bank always asks for the customer.
const ASKS_FOR_THE_CUSTOMER: &str = "pm_card_authenticationRequired";

const fn declined(decline_code: &'static str, message: &'static str) -> Decline {
    Decline { code: "card_declined", decline_code, message }
}

/// Whether there is such a test card.
pub(super) fn is_card(token: &str) -> bool {
    card(token).is_some()
}

/// What a card answers, `None` if there is no such card.
fn card(token: &str) -> Option<Option<Decline>> {
    match Outcome::split_suffix(token).0 {
        "pm_card_visa"
        | "pm_card_mastercard"
        | "pm_card_pendingRefund"
        | "pm_card_refundFail"
        | ASKS_FOR_THE_CUSTOMER => Some(None),
        "pm_card_chargeDeclined" => Some(Some(GENERIC_DECLINE)),
        "pm_card_chargeDeclinedInsufficientFunds" => Some(Some(INSUFFICIENT_FUNDS)),
        "pm_card_chargeDeclinedExpiredCard" => Some(Some(EXPIRED)),
        "pm_card_chargeDeclinedIncorrectCvc" => Some(Some(INCORRECT_CVC)),
        "pm_card_chargeDeclinedLostCard" => Some(Some(LOST)),
        "pm_card_chargeDeclinedProcessingError" => Some(Some(PROCESSING_ERROR)),
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
    /// As sent.
    pub(super) payment_method: Option<String>,
    /// The test card behind it.
    pub(super) card: Option<String>,
    pub(super) confirm: bool,
    pub(super) decline: Option<Decline>,
    /// Whether the customer is not there to be asked.
    off_session: bool,
}

impl IntentRequest {
    /// What becomes of the charge when it is confirmed.
    pub(super) fn confirmed(&mut self, outcome: Option<Outcome>) -> Status {
        let token = self.card.as_deref().unwrap_or_default();
        let asks = Outcome::split_suffix(token).0 == ASKS_FOR_THE_CUSTOMER;
        if outcome == Some(Outcome::Decline) {
            self.decline = Some(GENERIC_DECLINE);
        } else if asks && self.off_session {
            self.decline = Some(AUTHENTICATION_REQUIRED);
        }
        match self.decline {
            Some(_) => Status::RequiresPaymentMethod,
            None if asks || outcome == Some(Outcome::Action) => Status::RequiresAction,
            None => Status::Succeeded,
        }
    }

    /// Pays with another payment method.
    pub(super) fn pay_with(&mut self, token: String, customers: &Customers) -> Result<(), Refusal> {
        self.payment_method = Some(token);
        self.check(customers)
    }

    /// Finds the card that pays, if a payment method is named.
    ///
    /// Refused when there is no such customer or payment method, or it is another customer's.
    pub(super) fn check(&mut self, customers: &Customers) -> Result<(), Refusal> {
        self.card = customers.card(self.customer.as_deref(), self.payment_method.as_deref())?;
        self.decline = self.card.as_deref().and_then(card).flatten();
        if self.confirm { self.payable() } else { Ok(()) }
    }

    /// Stripe charges nobody's default card: the request has to name what pays.
    pub(super) fn payable(&self) -> Result<(), Refusal> {
        let message =
            "You cannot confirm this PaymentIntent because it is missing a payment method.";
        self.card.as_ref().map(drop).ok_or_else(|| Refusal::unexpected_state(message))
    }

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
        Ok(Self {
            amount,
            currency,
            customer: form.owned("customer"),
            description: form.owned("description"),
            metadata: form.metadata()?,
            payment_method: form.owned("payment_method"),
            card: None,
            confirm: form.boolean("confirm")?.unwrap_or(false),
            decline: None,
            off_session: form.boolean("off_session")?.unwrap_or(false),
        })
    }
}

/// How far an intent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Succeeded,
    Canceled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
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
    /// Why it was cancelled, if somebody said so.
    pub(super) cancellation_reason: Option<String>,
    /// Oldest first.
    pub(super) refunds: Vec<Refund>,
}

impl Intent {
    pub(super) fn order_id(&self) -> Option<&String> {
        self.request.metadata.get("order_id")
    }

    /// What may still be refunded.
    pub(super) fn unrefunded(&self) -> u64 {
        let standing = self.refunds.iter().filter(|it| it.status != RefundStatus::Failed);
        let refunded: u64 = standing.map(|refund| refund.amount).sum();
        self.amount_received().saturating_sub(refunded)
    }

    fn amount_received(&self) -> u64 {
        if self.status == Status::Succeeded { self.request.amount } else { 0 }
    }

    /// The card is asked for anew after a decline, so the intent then names none.
    fn payment_method(&self) -> Option<&str> {
        match self.status {
            Status::RequiresPaymentMethod => None,
            Status::RequiresConfirmation
            | Status::Canceled
            | Status::RequiresAction
            | Status::Succeeded => self.request.payment_method.as_deref(),
        }
    }

    /// The error of a declined charge, without the intent that Stripe encloses.
    pub(super) fn card_error(&self, decline: Decline) -> Value {
        json!({
            "type": "card_error",
            "code": decline.code,
            "decline_code": decline.decline_code,
            "message": decline.message,
            "charge": self.charge,
            "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let declined = self
            .request
            .decline
            .filter(|_| self.charge.is_some() && self.status != Status::Succeeded);
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.request.amount,
            "amount_capturable": 0,
            "amount_received": self.amount_received(),
            "cancellation_reason": self.cancellation_reason,
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
            "next_action": (self.status == Status::RequiresAction)
                .then(|| json!({"type": "use_stripe_sdk"})),
            "payment_method": self.payment_method(),
            "payment_method_types": ["card"],
            "status": self.status.name(),
        })
    }
}
