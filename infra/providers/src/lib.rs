//! Stand-ins for the providers of the shop, each an HTTP service with a ledger of its own:
//! [`Payments`] (cards, in Stripe's shape) and [`Carrier`] (shipments).
//!
//! The ledger is what really happened, answered or not: a charge whose answer got lost is in
//! it. Tests read it in process; people read it at `GET /_sandbox/ledger`.
//! What goes wrong is scripted, see [`Outcome`].
//! Nothing here logs keys or addresses.

mod carrier;
mod handle_once;
mod idempotency;
mod payments;
#[cfg(test)]
mod testing;

pub use carrier::{Carrier, Shipment, ShipmentStatus};
pub use local_core::{
    Clock,
    script::{Outcome, OutcomeError},
};
pub use payments::{EntryKind, LedgerEntry, Payments, Webhook};

#[cfg(test)]
mod tests {
    use axum::Router;

    use local_ses::Mail;

    use super::*;
    use crate::testing::{client, serve};

    #[tokio::test]
    async fn the_three_share_a_port_under_paths_of_their_own() {
        let (payments, carrier, mail) = (Payments::default(), Carrier::default(), Mail::default());
        let router = Router::new()
            .nest("/payments", payments.router())
            .nest("/carrier", carrier.router())
            .merge(mail.router());
        let base = serve(router).await;
        for (path, status) in [
            ("/payments/_sandbox/ledger", 200),
            ("/payments/v1/payment_intents/pi_1", 401),
            ("/payments/v1/none", 404),
            ("/carrier/_sandbox/ledger", 200),
            ("/carrier/v1/shipments", 401),
            ("/_sandbox/mails", 200),
        ] {
            let response = client().get(format!("{base}{path}")).send().await.unwrap();
            assert_eq!(response.status(), status, "{path}");
        }
    }
}
