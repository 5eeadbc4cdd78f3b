//! Why the provider refuses: whose fault it is, in words of our own.
//!
//! Its messages are not even read: they name customers, cards and addresses. What leaves this
//! module is a [`DeclineCode`], or a status, a type and a code.
//!
//! Sources: <https://docs.stripe.com/api/errors>, <https://docs.stripe.com/error-codes>,
//! <https://docs.stripe.com/declines/codes>.

use http_client::{Answer, StatusCode, code, misconfigured};
use runtime::Failure;
use serde::Deserialize;

use super::id::Id;
use crate::domain::DeclineCode;

/// Codes that say that this deployment's account or key is not set up for the request.
const OF_THE_DEPLOYMENT: [&str; 8] = [
    "country_unsupported",
    "invalid_currency",
    "livemode_mismatch",
    "lock_timeout",
    "not_allowed_on_standard_account",
    "rate_limit",
    "testmode_charges_only",
    "tls_version_unsupported",
];
/// What such codes begin with.
const OF_THE_DEPLOYMENT_ALL: [&str; 5] =
    ["account_", "api_key_", "platform_", "secret_key_", "token_in_"];
/// The types of errors that say so.
const TYPES_OF_THE_DEPLOYMENT: [&str; 3] =
    ["authentication_error", "permission_error", "rate_limit_error"];

/// Why the provider refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    param: Option<String>,
    payment_intent: Option<Named>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Named {
    id: Id,
}

#[derive(Debug, Deserialize)]
struct ErrorBody {
    error: Refusal,
}

/// Another request had the idempotency key before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key has been used for another request")]
pub(super) struct KeyUsed;

/// What a refused charge comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declined {
    pub(super) code: DeclineCode,
    /// The intent that was made all the same, and can be completed later.
    pub(super) intent: Option<Id>,
}

impl Refusal {
    /// Reads the answer to a request that was refused.
    ///
    /// # Errors
    ///
    /// Retry, when the idempotency key was used for another request: nothing is sent under another
    /// key, and what became of that request is found by the next attempt, which looks first. Retry,
    /// and an alarm, when it is the deployment that is wrong. Retry, when the provider is.
    pub(super) fn read(answer: &Answer) -> Result<Self, Failure> {
        let ErrorBody { error } = answer.json()?;
        match error.kind.as_str() {
            "card_error" => return Ok(error),
            "idempotency_error" => {
                return Err(Failure::retry(KeyUsed));
            }
            _ => {}
        }
        let described = error.describe(answer.status);
        if let Some(fault) = error.fault_of_the_deployment() {
            return Err(misconfigured(format!("{fault}: {described}")));
        }
        if error.kind == "api_error" {
            return Err(Failure::retry(format!("the provider is at fault: {described}")));
        }
        Ok(error)
    }

    /// What the charge comes to that `answer` refuses.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). Permanent, when the provider does not understand *us*.
    pub(super) fn of_charge(answer: &Answer) -> Result<Declined, Failure> {
        let refusal = Self::read(answer)?;
        let is_declined =
            refusal.kind == "card_error" || answer.status == StatusCode::PAYMENT_REQUIRED;
        let code = if is_declined { Some(refusal.decline()) } else { refusal.of_the_order() };
        let code = code.ok_or_else(|| refusal.misunderstood(answer.status))?;
        Ok(Declined { code, intent: refusal.payment_intent.map(|it| it.id) })
    }

    /// The provider's own code, to be compared with those that are known.
    pub(super) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// What the bank refuses for.
    pub(super) fn decline(&self) -> DeclineCode {
        let codes = [self.decline_code.as_deref(), self.code.as_deref()];
        let known = codes.into_iter().flatten().find_map(decline_code);
        known.or_else(|| self.of_the_order()).unwrap_or(DeclineCode::Other)
    }

    /// What this order, its amount or its payment method, is refused for. Refusing anything else,
    /// the provider does not understand this code.
    fn of_the_order(&self) -> Option<DeclineCode> {
        let code = self.code();
        match (code, self.param.as_deref()) {
            ("amount_too_small", _) => Some(DeclineCode::AmountTooSmall),
            ("amount_too_large", _) => Some(DeclineCode::AmountTooLarge),
            // Of a new intent that is confirmed: there is nothing to confirm it with.
            ("payment_intent_unexpected_state", _)
            | ("parameter_missing", Some("payment_method")) => Some(DeclineCode::NoPaymentMethod),
            (_, Some("payment_method")) => Some(DeclineCode::PaymentMethodUnusable),
            (_, Some("amount")) => Some(DeclineCode::Other),
            _ if code.starts_with("payment_method_") => Some(DeclineCode::PaymentMethodUnusable),
            _ => None,
        }
    }

    /// What the operator has to set right, if anything.
    fn fault_of_the_deployment(&self) -> Option<&'static str> {
        let code = self.code();
        match self.param.as_deref() {
            Some("customer") => return Some("the provider does not take this customer"),
            Some("currency") => return Some("the account does not take this currency"),
            _ => {}
        }
        let is_deployments = OF_THE_DEPLOYMENT.contains(&code)
            || OF_THE_DEPLOYMENT_ALL.iter().any(|it| code.starts_with(it))
            || TYPES_OF_THE_DEPLOYMENT.contains(&self.kind.as_str());
        is_deployments.then_some("the account or its key is not set up for the request")
    }

    /// The provider does not take what this code sends, and will not tomorrow: dead-lettered, for
    /// people to correct the code and redrive. Nothing was moved.
    pub(super) fn misunderstood(&self, status: StatusCode) -> Failure {
        Failure::permanent(format!("the provider refuses the request: {}", self.describe(status)))
    }

    fn describe(&self, status: StatusCode) -> String {
        let known = |text: &str| code(text).unwrap_or("unknown").to_owned();
        let code = self.code.as_deref().map_or_else(|| "no code".to_owned(), known);
        format!("{status}, {}, {code}", known(&self.kind))
    }
}

/// Ours for one of the provider's. That a card is lost, stolen or suspected of fraud is not shown
/// to its holder, see <https://docs.stripe.com/declines/codes>.
fn decline_code(theirs: &str) -> Option<DeclineCode> {
    Some(match theirs {
        "amount_too_large" => DeclineCode::AmountTooLarge,
        "amount_too_small" | "invalid_amount" => DeclineCode::AmountTooSmall,
        "authentication_required"
        | "authentication_not_handled"
        | "offline_pin_required"
        | "online_or_offline_pin_required"
        | "mobile_device_authentication_required"
        | "payment_intent_authentication_failure"
        | "authentication_failed" => DeclineCode::AuthenticationRequired,
        "currency_not_supported" => DeclineCode::CurrencyNotSupported,
        "expired_card" => DeclineCode::ExpiredCard,
        "incorrect_address"
        | "incorrect_cvc"
        | "incorrect_number"
        | "incorrect_pin"
        | "incorrect_zip"
        | "invalid_cvc"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "invalid_number"
        | "invalid_pin"
        | "postal_code_invalid" => DeclineCode::IncorrectCard,
        "insufficient_funds" => DeclineCode::InsufficientFunds,
        "card_velocity_exceeded" | "pin_try_exceeded" | "withdrawal_count_limit_exceeded" => {
            DeclineCode::LimitExceeded
        }
        "card_not_supported"
        | "invalid_account"
        | "new_account_information_available"
        | "transaction_not_allowed"
        | "not_permitted" => DeclineCode::PaymentMethodUnusable,
        "issuer_not_available"
        | "processing_error"
        | "reenter_transaction"
        | "try_again_later"
        | "approve_with_id" => DeclineCode::ProcessingError,
        "card_declined"
        | "call_issuer"
        | "do_not_honor"
        | "do_not_try_again"
        | "fraudulent"
        | "generic_decline"
        | "lost_card"
        | "merchant_blacklist"
        | "no_action_taken"
        | "pickup_card"
        | "restricted_card"
        | "revocation_of_all_authorizations"
        | "revocation_of_authorization"
        | "security_violation"
        | "service_not_allowed"
        | "stolen_card"
        | "stop_payment_order"
        | "testmode_decline" => DeclineCode::CardDeclined,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refusal(error: Value) -> Refusal {
        serde_json::from_value(error).unwrap()
    }

    #[test]
    fn a_bank_is_quoted_in_our_words() {
        for (code, decline_code, expected) in [
            ("card_declined", Some("insufficient_funds"), DeclineCode::InsufficientFunds),
            ("card_declined", Some("stolen_card"), DeclineCode::CardDeclined),
            ("card_declined", Some("4242 of Jane Doe"), DeclineCode::CardDeclined),
            ("expired_card", None, DeclineCode::ExpiredCard),
            ("authentication_required", None, DeclineCode::AuthenticationRequired),
            ("payment_method_provider_decline", None, DeclineCode::PaymentMethodUnusable),
            ("Jane Doe", None, DeclineCode::Other),
        ] {
            let error = json!({ "type": "card_error", "code": code, "decline_code": decline_code });
            assert_eq!(refusal(error).decline(), expected, "{code}");
        }
    }

    #[test]
    fn what_the_order_is_refused_for_is_told_from_what_this_code_is() {
        for (code, param, expected) in [
            ("amount_too_small", Some("amount"), Some(DeclineCode::AmountTooSmall)),
            ("amount_too_large", None, Some(DeclineCode::AmountTooLarge)),
            ("payment_intent_unexpected_state", None, Some(DeclineCode::NoPaymentMethod)),
            ("resource_missing", Some("payment_method"), Some(DeclineCode::PaymentMethodUnusable)),
            ("payment_method_unactivated", None, Some(DeclineCode::PaymentMethodUnusable)),
            ("parameter_unknown", Some("colour"), None),
            ("resource_missing", Some("mandate"), None),
        ] {
            let error = json!({ "type": "invalid_request_error", "code": code, "param": param });
            let refusal = refusal(error);
            assert_eq!(refusal.of_the_order(), expected, "{code}");
            assert_eq!(refusal.fault_of_the_deployment(), None, "{code}");
        }
    }

    #[test]
    fn what_the_deployment_has_to_set_right_is_no_refusal_of_a_card() {
        for (kind, code, param) in [
            ("invalid_request_error", "resource_missing", Some("customer")),
            ("invalid_request_error", "", Some("currency")),
            ("invalid_request_error", "api_key_expired", None),
            ("invalid_request_error", "secret_key_required", None),
            ("invalid_request_error", "testmode_charges_only", None),
            ("invalid_request_error", "account_country_invalid_address", None),
            ("invalid_request_error", "rate_limit", None),
            ("authentication_error", "", None),
        ] {
            let refusal = refusal(json!({ "type": kind, "code": code, "param": param }));
            assert!(refusal.fault_of_the_deployment().is_some(), "{kind} {code} {param:?}");
        }
    }

    #[test]
    fn a_refusal_is_described_by_codes_alone() {
        let described =
            |error: Value| refusal(error).misunderstood(StatusCode::BAD_REQUEST).to_string();
        let polite = json!({ "type": "invalid_request_error", "code": "parameter_unknown" });
        let expected = "permanent failure: the provider refuses the request: 400 Bad Request, \
                        invalid_request_error, parameter_unknown";
        assert_eq!(described(polite), expected);
        let rude = json!({ "type": "Jane Doe", "code": "4242", "message": "Jane Doe 4242" });
        let expected = "permanent failure: the provider refuses the request: 400 Bad Request, unknown, unknown";
        assert_eq!(described(rude), expected);
    }

    #[test]
    fn every_code_has_a_name_and_a_text_of_its_own() {
        let names: std::collections::BTreeSet<_> = DeclineCode::ALL.map(DeclineCode::name).into();
        let texts: std::collections::BTreeSet<_> = DeclineCode::ALL.map(DeclineCode::reason).into();
        assert_eq!((names.len(), texts.len()), (DeclineCode::ALL.len(), DeclineCode::ALL.len()));
        assert!(names.iter().all(|name| code(name).is_some()));
    }
}
