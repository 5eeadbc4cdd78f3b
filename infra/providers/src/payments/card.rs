//! Test cards, and why a bank refuses one.
//!
//! Source: <https://docs.stripe.com/testing>.

use local_core::script::Outcome;

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
/// The refusal of a card whose bank asks for a customer who is not there.
pub(super) const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    ..declined("authentication_required", "Your card was declined: it requires authentication.")
};
/// The card whose bank always asks for the customer.
pub(super) const ASKS_FOR_THE_CUSTOMER: &str = "pm_card_authenticationRequired";

const fn declined(decline_code: &'static str, message: &'static str) -> Decline {
    Decline { code: "card_declined", decline_code, message }
}

/// Whether there is such a test card.
pub(super) fn is_card(token: &str) -> bool {
    card(token).is_some()
}

/// What a card answers, `None` if there is no such card.
pub(super) fn card(token: &str) -> Option<Option<Decline>> {
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
