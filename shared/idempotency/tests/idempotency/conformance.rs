//! The suite for stores, against both of ours.

mod dynamodb {
    use std::sync::Mutex;

    use aws_sdk_dynamodb::types::{ConditionCheck, Update};
    use event_envelope::Envelope;
    use idempotency::{DynamoDbStore, Write, conformance::Subject};

    use crate::{
        handlers,
        world::{RECORDS, World},
    };

    /// The real SDK against an embedded DynamoDB.
    #[derive(Default)]
    struct DynamoDb(Mutex<Option<World>>);

    impl Subject for DynamoDb {
        type Store = DynamoDbStore;

        async fn store(&self) -> DynamoDbStore {
            let world = World::new().await;
            let store = DynamoDbStore::new(world.database.client(), RECORDS);
            *self.0.lock().unwrap() = Some(world);
            store
        }

        fn count_up(&self, name: &'static str) -> Write {
            Update::into(handlers::count_up(name))
        }

        fn unless_counted(&self, name: &'static str) -> Write {
            ConditionCheck::into(handlers::uncounted(name))
        }

        async fn count(&self, _: &DynamoDbStore, name: &'static str) -> u64 {
            let world = self.0.lock().unwrap().clone().unwrap();
            world.count(name).await.into()
        }

        async fn published(&self, _: &DynamoDbStore) -> Vec<Envelope> {
            self.0.lock().unwrap().as_ref().unwrap().outgoing(RECORDS).concat()
        }
    }

    idempotency::conformance!(DynamoDb::default());
}

mod memory {
    use std::collections::HashMap;

    use event_envelope::Envelope;
    use idempotency::{MemoryStore, MemoryWrite, conformance::Subject};
    use serde_json::{Value, json};

    struct Memory;

    type Values = HashMap<String, Value>;

    impl Subject for Memory {
        type Store = MemoryStore;

        async fn store(&self) -> MemoryStore {
            MemoryStore::new()
        }

        fn count_up(&self, name: &'static str) -> MemoryWrite {
            MemoryWrite::new(move |values: &mut Values| {
                let count = values.get(name).map_or(0, |count| count.as_u64().unwrap());
                values.insert(name.to_owned(), json!(count + 1));
                Ok(())
            })
        }

        fn unless_counted(&self, name: &'static str) -> MemoryWrite {
            MemoryWrite::new(move |values: &mut Values| match values.get(name) {
                Some(count) => Err(format!("{name} is {count}")),
                None => Ok(()),
            })
        }

        async fn count(&self, store: &MemoryStore, name: &'static str) -> u64 {
            store.value(name).map_or(0, |count| count.as_u64().unwrap())
        }

        async fn published(&self, store: &MemoryStore) -> Vec<Envelope> {
            store.published()
        }
    }

    idempotency::conformance!(Memory);
}
