//! Payment intents: what a client asks for, and the object that answers.
//!
//! Source: <https://docs.stripe.com/api/payment_intents/object>.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    card::{ASKS_FOR_THE_CUSTOMER, AUTHENTICATION_REQUIRED, Decline, GENERIC_DECLINE, card},
    customers::Customers,
    form::{AMOUNT_MAX, Form},
    refund::{Refund, RefundStatus},
    refusal::Refusal,
    search::{Field, Indexed},
};
use local_core::script::Outcome;

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

    /// Stripe never charges a customer's default card: the request has to name what pays.
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
    /// Why it was cancelled, if the client gave a reason.
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

    /// The object of one of its refunds.
    pub(super) fn refund_to_json(&self, refund: &Refund) -> Value {
        json!({
            "id": refund.id,
            "object": "refund",
            "amount": refund.amount,
            "charge": self.charge,
            "created": refund.created.unix_timestamp(),
            "currency": self.request.currency,
            "metadata": refund.metadata,
            "payment_intent": self.id,
            "reason": refund.reason,
            "receipt_number": null,
            "status": match refund.status {
                RefundStatus::Pending => "pending",
                RefundStatus::Succeeded => "succeeded",
                RefundStatus::Failed => "failed",
            },
        })
    }

    /// How much a refund of `asked` gives back.
    pub(super) fn refundable(&self, asked: Option<u64>) -> Result<u64, Refusal> {
        let charge = self.charge.as_deref().unwrap_or_default();
        let left = self.unrefunded();
        if self.status != Status::Succeeded {
            let message = format!(
                "This PaymentIntent ({}) does not have a successful charge to refund.",
                self.id
            );
            return Err(Refusal::invalid("payment_intent", message));
        }
        if left == 0 {
            let message = format!("Charge {charge} has already been refunded.");
            return Err(
                Refusal::invalid("payment_intent", message).with_code("charge_already_refunded")
            );
        }
        match asked.unwrap_or(left) {
            amount if amount <= left => Ok(amount),
            amount => {
                let message = format!(
                    "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
                );
                Err(Refusal::invalid("amount", message))
            }
        }
    }
}

impl Indexed for Intent {
    fn value(&self, field: &Field) -> Option<String> {
        match field {
            Field::Amount => Some(self.request.amount.to_string()),
            Field::Currency => Some(self.request.currency.clone()),
            Field::Customer => self.request.customer.clone(),
            Field::Metadata(key) => self.request.metadata.get(key).cloned(),
            Field::Status => Some(self.status.name().to_owned()),
        }
    }
}
