//! The secrets that functions read: the keys of the stand-ins, and what else is asked for.

use std::collections::BTreeMap;

use local_secrets::Secrets;

/// The name of the secret that holds the payment gateway's key.
pub const PAYMENT_GATEWAY_SECRET: &str = "orderly/payment-gateway-api-key";
/// The name of the secret that holds the carrier's key.
pub const CARRIER_SECRET: &str = "orderly/carrier-api-key";

/// What the stand-ins let in by themselves.
const OWN: [(&str, &str); 2] =
    [(PAYMENT_GATEWAY_SECRET, "sk_test_local"), (CARRIER_SECRET, "carrier_test_local")];

pub(super) fn keep(given: &BTreeMap<String, String>) -> Secrets {
    let secrets = Secrets::default();
    for (name, value) in OWN {
        secrets.put(name, value);
    }
    for (name, value) in given {
        secrets.put(name, value);
    }
    secrets
}
