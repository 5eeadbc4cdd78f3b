//! The external services of the shop's stack: stand-ins for the providers, and which orders have ended.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use local_core::Clock;
use local_ses::Mail;
use parking_lot::Mutex;
use provider_stubs::{Carrier, Payments};

/// How long payment gateways keep idempotency keys.
/// Source: <https://docs.stripe.com/api/idempotent_requests>.
const PAYMENT_KEYS_KEPT: time::Duration = time::Duration::hours(24);

/// The providers, and which orders have ended. Clones are the same ones.
#[derive(Clone)]
pub struct ExternalServices {
    payments: Payments,
    carrier: Carrier,
    mail: Mail,
    /// The orders whose last event was handed over.
    ended: Arc<Mutex<BTreeSet<String>>>,
}

impl Default for ExternalServices {
    /// Mails are kept in memory.
    fn default() -> Self {
        Self::new(None)
    }
}

impl ExternalServices {
    /// Keeps each mail as a file in the directory `mails`, if one is given.
    pub fn new(mails: Option<PathBuf>) -> Self {
        Self {
            payments: Payments::new(Clock::system(), PAYMENT_KEYS_KEPT).with_saved_cards(),
            carrier: Carrier::default(),
            mail: Mail::new(Clock::system(), mails),
            ended: Arc::default(),
        }
    }

    pub(super) const fn payments(&self) -> &Payments {
        &self.payments
    }

    pub(super) const fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    pub(super) const fn mail(&self) -> &Mail {
        &self.mail
    }

    /// The last event of this order was handed over.
    pub(super) fn order_ended(&self, order: &str) {
        self.ended.lock().insert(order.to_owned());
    }

    /// How many orders have ended, each counted once.
    pub(super) fn orders_ended(&self) -> usize {
        self.ended.lock().len()
    }
}

impl std::fmt::Debug for ExternalServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalServices")
            .field("orders_ended", &self.orders_ended())
            .finish_non_exhaustive()
    }
}
