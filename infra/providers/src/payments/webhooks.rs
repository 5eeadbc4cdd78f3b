//! The events that are sent to an endpoint, signed in Stripe's way.
//!
//! Source: <https://docs.stripe.com/webhooks#verify-manually>.

use std::time::Duration;

use ring::hmac;
use time::OffsetDateTime;
use tokio::{task::JoinSet, time::sleep};

use super::Payments;

/// The pauses before a webhook that was not taken is sent again. Stripe goes on for three days.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// A request to the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The body, byte for byte as it is signed.
    pub body: String,
    /// The header `Stripe-Signature`.
    pub signature: String,
}

impl Payments {
    /// The webhook of the event at `index`, counted from 0 as they happened, signed now with
    /// `secret`. None while there is no such event.
    pub fn webhook(&self, index: usize, secret: &str) -> Option<Webhook> {
        let body = self.0.store.journal.event(index)?.to_string();
        let signature = signature(secret, self.0.clock.now(), &body);
        Some(Webhook { body, signature })
    }

    /// Has `post` send a webhook of each event, signed with `secret`, and again when it answers that
    /// it was not taken. Ends never.
    pub async fn send_webhooks<F>(
        self,
        secret: String,
        post: impl Fn(Webhook) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = bool> + Send + 'static,
    {
        let mut sending = JoinSet::new();
        for index in 0.. {
            while self.webhook(index, &secret).is_none() {
                self.0.store.journal.added.notified().await;
            }
            while sending.try_join_next().is_some() {}
            let (payments, secret, post) = (self.clone(), secret.clone(), post.clone());
            sending.spawn(async move {
                for pause in PAUSES {
                    let Some(webhook) = payments.webhook(index, &secret) else { return };
                    if post(webhook).await {
                        return;
                    }
                    sleep(pause).await;
                }
                tracing::warn!(index, "a webhook was not taken, and is not sent any more");
            });
        }
    }
}

fn signature(secret: &str, at: OffsetDateTime, body: &str) -> String {
    let at = at.unix_timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;
    use crate::testing::{client, serve};

    #[test]
    fn a_signature_is_what_python_makes_of_it() {
        let at = datetime!(2025-11-17 10:30 UTC);
        let signed = signature("whsec_sample_secret_of_the_endpoint", at, r#"{"id":"evt_1"}"#);
        let expected = "8f26dd6ab0f9eb1ebda224c7471cbfd2a4277bd2aa4360ea68209d63bb02bfba";
        assert_eq!(signed, format!("t=1763375400,v1={expected}"));
    }

    #[tokio::test]
    async fn whatever_happens_is_sent_until_it_is_taken() {
        let payments = Payments::default().with_saved_cards();
        let base = serve(payments.router()).await;
        let sent: Arc<Mutex<Vec<Value>>> = Arc::default();
        let log = Arc::clone(&sent);
        let post = move |webhook: Webhook| {
            let mut log = log.lock().unwrap();
            log.push(serde_json::from_str(&webhook.body).unwrap());
            let taken = log.len() > 1;
            async move { taken }
        };
        let sender = tokio::spawn(payments.clone().send_webhooks("whsec_1".to_owned(), post));
        let form = async |path: &str, form: &[(&str, &str)]| -> Value {
            let request = client().post(format!("{base}{path}")).bearer_auth("sk_test_1");
            request.form(form).send().await.unwrap().json().await.unwrap()
        };
        let charge = |card| {
            [
                ("amount", "500"),
                ("currency", "usd"),
                ("confirm", "true"),
                ("payment_method", card),
                ("metadata[order_id]", "order-1"),
            ]
        };
        let paid = form("/v1/payment_intents", &charge("pm_card_pendingRefund")).await;
        let paid = paid["id"].as_str().unwrap();
        form("/v1/payment_intents", &charge("pm_card_chargeDeclined")).await;
        let open = form("/v1/payment_intents", &[("amount", "500"), ("currency", "usd")]).await;
        let cancel = format!("/v1/payment_intents/{}/cancel", open["id"].as_str().unwrap());
        form(&cancel, &[]).await;
        let metadata = ("metadata[order_id]", "order-1");
        let refund = form("/v1/refunds", &[("payment_intent", paid), metadata]).await;
        let look = format!("{base}/v1/refunds/{}", refund["id"].as_str().unwrap());
        client().get(look).bearer_auth("sk_test_1").send().await.unwrap();
        let kinds = [
            "payment_intent.succeeded",
            "payment_intent.payment_failed",
            "payment_intent.canceled",
            "refund.created",
            "refund.updated",
        ];
        while sent.lock().unwrap().len() <= kinds.len() {
            sleep(Duration::from_millis(10)).await;
        }
        sender.abort();
        let sent = sent.lock().unwrap().clone();
        for kind in kinds {
            let same: Vec<_> = sent.iter().filter(|it| it["type"] == kind).collect();
            // The first was not taken.
            assert_eq!(same.len(), 1 + usize::from(kind == kinds[0]), "{kind}");
            assert!(same.iter().all(|it| it == &same[0]), "{kind} comes again otherwise");
            if kind != "payment_intent.canceled" {
                assert_eq!(same[0]["data"]["object"]["metadata"], json!({ "order_id": "order-1" }));
            }
        }
    }
}
