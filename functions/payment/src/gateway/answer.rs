//! What the provider's answers mean.
//!
//! Sources: <https://docs.stripe.com/api/payment_intents/object>,
//! <https://docs.stripe.com/api/refunds/object>, <https://docs.stripe.com/api/errors>.

use events::{Currency, Money};
use http_port::{Answer, StatusCode};
use outcome::Failure;
use serde::{Deserialize, de::DeserializeOwned};

use crate::domain::{Capture, Decline, Fact, Refund};

/// The parameters of a charge that say what the order says. When the provider refuses one of them
/// (no such payment method, an amount beyond its limits) this order cannot be paid for, and its
/// customer has to know. Refusing any other, it does not understand *us*.
const OF_THE_ORDER: [&str; 4] = ["amount", "currency", "customer", "payment_method"];

/// A page of objects.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
}

/// An attempt at a payment.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    id: String,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    status: IntentStatus,
    #[serde(default)]
    last_payment_error: Option<Refusal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IntentStatus {
    Succeeded,
    Processing,
    /// Not confirmed, refused, or cancelled: nothing was taken.
    #[serde(other)]
    Open,
}

/// A refund.
#[derive(Debug, Deserialize)]
pub(super) struct Refunded {
    id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    status: Option<RefundStatus>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Failed,
    Canceled,
    /// On its way, or there.
    #[serde(other)]
    Standing,
}

#[derive(Debug, Deserialize)]
struct ErrorBody {
    error: Refusal,
}

/// Why the provider refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

/// The answer to the creation of an intent.
#[derive(Debug)]
pub(super) enum IntentAnswer {
    Created(Intent),
    /// This charge is refused for good.
    Declined(Fact),
}

/// The answer to the creation of a refund.
#[derive(Debug)]
pub(super) enum RefundAnswer {
    Created(Refunded),
    /// Everything went back before.
    AlreadyRefunded,
}

impl Intent {
    /// What an intent that was to be charged at once led to.
    pub(super) fn settled(self) -> Result<Fact, Failure> {
        match (self.status, self.last_payment_error) {
            (IntentStatus::Succeeded, _) => {
                let amount = money(self.amount_received, &self.currency)?;
                Ok(Fact::Captured(Capture { payment_id: self.id, amount }))
            }
            (IntentStatus::Processing, _) => {
                Err(Failure::retry(format!("payment {} is still being processed", self.id)))
            }
            (IntentStatus::Open, Some(refusal)) => Ok(refusal.fact()),
            // The bank asks for something that only the customer could do.
            (IntentStatus::Open, None) => Ok(Refusal::default().fact()),
        }
    }

    fn is_refused(&self) -> bool {
        self.status == IntentStatus::Open && self.last_payment_error.is_some()
    }
}

/// What became of `attempts`, if any of them is known to have ended.
pub(super) fn charged(attempts: Vec<Intent>) -> Result<Option<Fact>, Failure> {
    let (mut taken, open): (Vec<_>, Vec<_>) =
        attempts.into_iter().partition(|it| it.status != IntentStatus::Open);
    if taken.len() > 1 {
        let ids: Vec<_> = taken.into_iter().map(|it| it.id).collect();
        return Err(Failure::poison(format!("one order, several payments: {}", ids.join(", "))));
    }
    let ended = taken.pop().or_else(|| open.into_iter().find(Intent::is_refused));
    ended.map(Intent::settled).transpose()
}

impl Refusal {
    fn fact(self) -> Fact {
        let code = self.decline_code.or(self.code);
        Fact::Declined(Decline {
            code: code.unwrap_or_else(|| "not_captured".to_owned()),
            reason: self.message.unwrap_or_else(|| "the payment was not captured".to_owned()),
        })
    }

    fn is_about_the_order(&self) -> bool {
        self.kind == "invalid_request_error"
            && self.param.as_deref().is_some_and(|param| OF_THE_ORDER.contains(&param))
    }
}

impl Refunded {
    /// Whether the money is back, or on its way.
    pub(super) fn stands(&self) -> bool {
        !matches!(self.status, Some(RefundStatus::Failed | RefundStatus::Canceled))
    }

    pub(super) fn fact(self) -> Result<Fact, Failure> {
        if !self.stands() {
            let reason = format!("refund {} failed at the bank: pay the customer back", self.id);
            return Err(Failure::poison(reason));
        }
        let amount = money(self.amount, &self.currency)?;
        Ok(Fact::Refunded(Refund { refund_id: self.id, amount }))
    }
}

/// What went back of a payment, by all `refunds` of it together. A part that somebody gave back by
/// hand is not all of it; when that somebody gives back the rest, it is.
pub(super) fn given_back(refunds: Vec<Refunded>) -> Result<Option<Fact>, Failure> {
    let mut standing = refunds.into_iter().filter(Refunded::stands);
    let Some(mut latest) = standing.next() else { return Ok(None) };
    latest.amount = standing.fold(latest.amount, |sum, it| sum.saturating_add(it.amount));
    latest.fact().map(Some)
}

/// The object that was asked for; anything else than a success is none of the caller's doing.
pub(super) fn object<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    if answer.status.is_success() { answer.json() } else { Err(misunderstood(answer)) }
}

/// Reads the answer to a `POST` of an intent.
pub(super) fn intent(answer: &Answer) -> Result<IntentAnswer, Failure> {
    if answer.status.is_success() {
        return answer.json().map(IntentAnswer::Created);
    }
    let refusal = refusal(answer)?;
    if answer.status == StatusCode::PAYMENT_REQUIRED || refusal.is_about_the_order() {
        return Ok(IntentAnswer::Declined(refusal.fact()));
    }
    Err(misunderstood(answer))
}

/// Reads the answer to a `POST` of a refund.
pub(super) fn refund(answer: &Answer) -> Result<RefundAnswer, Failure> {
    if answer.status.is_success() {
        return answer.json().map(RefundAnswer::Created);
    }
    if refusal(answer)?.code.as_deref() == Some("charge_already_refunded") {
        return Ok(RefundAnswer::AlreadyRefunded);
    }
    Err(misunderstood(answer))
}

/// Why the provider refused.
///
/// # Errors
///
/// Retry, when the idempotency key was used for another request. Nothing is sent under another
/// key: what became of that request is found by the next attempt, which looks first.
fn refusal(answer: &Answer) -> Result<Refusal, Failure> {
    let ErrorBody { error } = answer.json()?;
    if error.kind == "idempotency_error" {
        return Err(Failure::retry(format!("the key has been used: {}", answer.quote())));
    }
    Ok(error)
}

/// The provider does not take what this code sends, and will not tomorrow: parked, for people to
/// correct the code and redrive. Nothing was moved.
fn misunderstood(answer: &Answer) -> Failure {
    Failure::poison(format!("the provider refuses the request: {}", answer.quote()))
}

fn money(amount: i64, currency: &str) -> Result<Money, Failure> {
    let currency = Currency::parse(&currency.to_uppercase()).map_err(Failure::poison)?;
    Ok(Money::new(amount, currency))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn attempt(status: &str, change: Value) -> Intent {
        let mut intent = json!({
            "id": "pi_1", "amount_received": 10_997, "currency": "usd", "status": status,
        });
        if let (Some(intent), Value::Object(change)) = (intent.as_object_mut(), change) {
            intent.extend(change);
        }
        serde_json::from_value(intent).unwrap()
    }

    fn refused() -> Intent {
        let error = json!({ "code": "card_declined", "decline_code": "insufficient_funds" });
        attempt("requires_payment_method", json!({ "last_payment_error": error }))
    }

    #[test]
    fn of_several_attempts_the_one_that_took_money_counts() {
        let open = || attempt("requires_confirmation", json!({}));
        assert_eq!(charged(vec![]).unwrap(), None);
        assert_eq!(charged(vec![open()]).unwrap(), None);
        let captured = charged(vec![refused(), open(), attempt("succeeded", json!({}))]);
        let amount = Money::usd(10_997);
        let capture = Capture { payment_id: "pi_1".into(), amount };
        assert_eq!(captured.unwrap(), Some(Fact::Captured(capture)));
        let Some(Fact::Declined(Decline { code, .. })) = charged(vec![open(), refused()]).unwrap()
        else {
            panic!("not declined");
        };
        assert_eq!(code, "insufficient_funds");
    }

    #[test]
    fn an_attempt_under_way_is_waited_for() {
        let failure = charged(vec![refused(), attempt("processing", json!({}))]).unwrap_err();
        assert!(failure.is_retry(), "{failure}");
    }

    #[test]
    fn two_captures_are_a_matter_for_people() {
        let taken = || attempt("succeeded", json!({}));
        let failure = charged(vec![taken(), taken()]).unwrap_err();
        assert!(!failure.is_retry(), "{failure}");
    }

    #[test]
    fn an_intent_that_took_nothing_is_a_refusal() {
        let Fact::Declined(Decline { code, .. }) =
            attempt("requires_action", json!({})).settled().unwrap()
        else {
            panic!("not declined");
        };
        assert_eq!(code, "not_captured");
    }

    #[test]
    fn a_refund_that_the_bank_returned_is_a_matter_for_people() {
        let refunded = |status: &str| -> Refunded {
            let refund = json!({ "id": "re_1", "amount": 5, "currency": "usd", "status": status });
            serde_json::from_value(refund).unwrap()
        };
        assert!(refunded("pending").fact().is_ok());
        assert!(!refunded("failed").fact().unwrap_err().is_retry());
        assert!(!refunded("canceled").fact().unwrap_err().is_retry());
    }
}
