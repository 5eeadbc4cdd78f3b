//! The secrets that functions read: the keys of the stand-ins.

/// The name of the secret that holds the payment gateway's key.
pub const PAYMENT_GATEWAY_SECRET: &str = "orderly/payment-gateway-api-key";
/// The name of the secret that the payment gateway signs its webhooks with.
pub const PAYMENT_WEBHOOK_SECRET: &str = "orderly/payment-webhook-secret";
/// The name of the secret that holds the carrier's key.
pub const CARRIER_SECRET: &str = "orderly/carrier-api-key";

/// What the stand-ins let in by themselves.
pub(super) const OWN: [(&str, &str); 3] = [
    (PAYMENT_GATEWAY_SECRET, "sk_test_local"),
    (PAYMENT_WEBHOOK_SECRET, WEBHOOK_SECRET),
    (CARRIER_SECRET, "carrier_test_local"),
];
/// What the stand-in signs its webhooks with.
pub(super) const WEBHOOK_SECRET: &str = "whsec_test_local_stand_in";
