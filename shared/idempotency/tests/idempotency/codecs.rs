//! Results written down in other ways than as plain JSON.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Nonce},
};
use event_envelope::Delivery;
use idempotency::{
    Attempt, Codec, Completion, IdempotencyError, IdempotencyLayer, Item, UnitOfWork,
};
use local_dynamodb::FaultPlan;
use runtime::{BoxError, Failure};
use serde::{Deserialize, Serialize};
use tower::{Layer, ServiceExt, service_fn};

use crate::world::{World, delivery};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Receipt {
    number: u32,
    card: String,
}

fn receipt() -> Receipt {
    Receipt { number: 7, card: "4242".to_owned() }
}

/// Has a handler that answers `result` take effect.
async fn deliver<R, C>(world: &World, codec: C, result: R) -> Result<Completion<R>, Failure>
where
    R: Clone + Send + Sync + 'static,
    C: Codec<R>,
{
    let layer = IdempotencyLayer::transactional(world.guard(FaultPlan::none())).codec(codec);
    let handler = move |_: Attempt<Delivery>| {
        let result = result.clone();
        async move { Ok(UnitOfWork::new(result)) }
    };
    layer.layer(service_fn(handler)).oneshot(delivery()).await
}

async fn stored(world: &World) -> String {
    let record: Item = world.record(&delivery()).await.unwrap();
    record["result"].as_s().unwrap().clone()
}

/// A key service, asked over a network: it alone has the key.
#[derive(Clone)]
struct KeyService(Arc<Aes256Gcm>);

impl KeyService {
    fn new() -> Self {
        Self(Arc::new(Aes256Gcm::new(&[7; 32].into())))
    }

    async fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, BoxError> {
        tokio::task::yield_now().await;
        let sealed = self.0.encrypt(&Nonce::<Aes256Gcm>::default(), plain);
        sealed.map_err(|_| "not encrypted".into())
    }

    async fn decrypt(&self, sealed: &[u8]) -> Result<Vec<u8>, BoxError> {
        tokio::task::yield_now().await;
        let plain = self.0.decrypt(&Nonce::<Aes256Gcm>::default(), sealed);
        plain.map_err(|_| "not what was encrypted".into())
    }
}

#[derive(Clone)]
struct Encrypted(KeyService);

impl Codec<Receipt> for Encrypted {
    async fn encode(&self, receipt: &Receipt) -> Result<String, BoxError> {
        Ok(hex::encode(self.0.encrypt(&serde_json::to_vec(receipt)?).await?))
    }

    async fn decode(&self, stored: String) -> Result<Receipt, BoxError> {
        Ok(serde_json::from_slice(&self.0.decrypt(&hex::decode(stored)?).await?)?)
    }
}

#[tokio::test]
async fn a_result_is_encrypted_on_its_way_to_the_table_and_decrypted_for_a_duplicate() {
    let (world, codec) = (World::new().await, Encrypted(KeyService::new()));
    deliver(&world, codec.clone(), receipt()).await.unwrap();
    assert!(hex::decode(stored(&world).await).unwrap().windows(4).all(|text| text != b"4242"));
    let again = deliver(&world, codec, receipt()).await.unwrap();
    assert_eq!(again, Completion::Replayed(receipt()));
}

#[tokio::test]
async fn a_result_that_was_tampered_with_is_not_returned() {
    let (world, codec) = (World::new().await, Encrypted(KeyService::new()));
    deliver(&world, codec.clone(), receipt()).await.unwrap();
    let update = world.database.client().update_item().table_name(crate::world::RECORDS);
    let update = update.key("id", crate::world::text(crate::world::record_id(&delivery())));
    let update = update.update_expression("SET #result = :other");
    let update = update.expression_attribute_names("#result", "result");
    let update = update.expression_attribute_values(":other", crate::world::text("00ff"));
    update.send().await.unwrap();
    let failure = deliver(&world, codec, receipt()).await.unwrap_err();
    assert!(!failure.is_retry());
    let error = IdempotencyError::of(&failure);
    assert!(matches!(error, Some(IdempotencyError::Codec { verb: "decoded", .. })), "{error:?}");
}

/// Keeps what may be kept.
#[derive(Clone)]
struct Redacted;

impl Codec<Receipt> for Redacted {
    async fn encode(&self, receipt: &Receipt) -> Result<String, BoxError> {
        Ok(receipt.number.to_string())
    }

    async fn decode(&self, stored: String) -> Result<Receipt, BoxError> {
        Ok(Receipt { number: stored.parse()?, card: "****".to_owned() })
    }
}

#[tokio::test]
async fn what_must_not_be_kept_is_left_out() {
    let world = World::new().await;
    let first = deliver(&world, Redacted, receipt()).await.unwrap();
    assert_eq!(first, Completion::New(receipt()));
    assert_eq!(stored(&world).await, "7");
    let redacted = Receipt { card: "****".to_owned(), ..receipt() };
    let again = deliver(&world, Redacted, receipt()).await.unwrap();
    assert_eq!(again, Completion::Replayed(redacted));
}

/// A bucket elsewhere, which may be unavailable.
#[derive(Clone, Default)]
struct Elsewhere {
    bucket: Arc<Mutex<HashMap<String, String>>>,
    is_unavailable: bool,
}

impl Codec<String> for Elsewhere {
    async fn encode(&self, result: &String) -> Result<String, BoxError> {
        if self.is_unavailable {
            return Err(Failure::retry("the bucket is unavailable").into());
        }
        let address = event_envelope::fingerprint(&[result.as_bytes()]);
        self.bucket.lock().unwrap().insert(address.clone(), result.clone());
        Ok(address)
    }

    async fn decode(&self, address: String) -> Result<String, BoxError> {
        self.bucket.lock().unwrap().get(&address).cloned().ok_or_else(|| "gone".into())
    }
}

#[tokio::test]
async fn a_result_larger_than_an_item_is_kept_elsewhere() {
    let (world, elsewhere) = (World::new().await, Elsewhere::default());
    let large = "x".repeat(1024 * 1024);
    let plain = deliver(&world, idempotency::Json, large.clone()).await.unwrap_err();
    let error = IdempotencyError::of(&plain);
    assert!(
        matches!(error, Some(IdempotencyError::TooLarge { what, .. }) if what == "the result"),
        "{error:?}"
    );
    assert_eq!(world.record(&delivery()).await, None, "nothing was written");

    let unavailable = Elsewhere { is_unavailable: true, ..elsewhere.clone() };
    assert!(deliver(&world, unavailable, large.clone()).await.unwrap_err().is_retry());
    let first = deliver(&world, elsewhere.clone(), large.clone()).await.unwrap();
    assert_eq!(first, Completion::New(large.clone()));
    assert_eq!(stored(&world).await.len(), 32);
    let again = deliver(&world, elsewhere, large.clone()).await.unwrap();
    assert_eq!(again, Completion::Replayed(large));
}
