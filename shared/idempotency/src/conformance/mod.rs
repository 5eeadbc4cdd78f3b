//! The conformance suite for a [`Store`].
//!
//! Implement [`Subject`] for your store and have [`conformance!`](macro@crate::conformance) write
//! the tests:
//!
//! ```
//! use std::collections::HashMap;
//!
//! use event_envelope::Envelope;
//! use idempotency::{MemoryStore, MemoryWrite, conformance::Subject};
//! use serde_json::{Value, json};
//!
//! struct Memory;
//!
//! impl Subject for Memory {
//!     type Store = MemoryStore;
//!
//!     async fn store(&self) -> MemoryStore {
//!         MemoryStore::new()
//!     }
//!
//!     fn count_up(&self, name: &'static str) -> MemoryWrite {
//!         MemoryWrite::new(move |values: &mut HashMap<String, Value>| {
//!             let count = values.get(name).and_then(Value::as_u64).unwrap_or(0);
//!             values.insert(name.to_owned(), json!(count + 1));
//!             Ok(())
//!         })
//!     }
//!
//!     fn unless_counted(&self, name: &'static str) -> MemoryWrite {
//!         MemoryWrite::new(move |values: &mut HashMap<String, Value>| {
//!             if values.contains_key(name) { Err(format!("{name} is counted")) } else { Ok(()) }
//!         })
//!     }
//!
//!     async fn count(&self, store: &MemoryStore, name: &'static str) -> u64 {
//!         store.value(name).and_then(|count| count.as_u64()).unwrap_or(0)
//!     }
//!
//!     async fn published(&self, store: &MemoryStore) -> Vec<Envelope> {
//!         store.published()
//!     }
//! }
//!
//! idempotency::conformance!(Memory);
//! ```

mod bench;
mod cases;
mod holders;
mod leases;
mod stores;

use std::future::Future;

use event_envelope::Envelope;

use crate::Store;

// Each case is documented by its name, and called by the macro alone.
#[doc(hidden)]
pub use cases::*;
#[doc(hidden)]
pub use holders::two_holders_perform_one_side_effect_with_clocks_that_differ;
#[doc(hidden)]
pub use leases::*;

/// A store under test, and a way to count in it.
pub trait Subject: Send + Sync {
    /// The type of the store under test.
    type Store: Store;

    /// A store without records and counts.
    fn store(&self) -> impl Future<Output = Self::Store> + Send;

    /// A write that adds one to the count `name`.
    fn count_up(&self, name: &'static str) -> <Self::Store as Store>::Write;

    /// A write that is refused when the count `name` is one or more, and changes nothing.
    fn unless_counted(&self, name: &'static str) -> <Self::Store as Store>::Write;

    /// The count `name`.
    fn count(&self, store: &Self::Store, name: &'static str) -> impl Future<Output = u64> + Send;

    /// All events that were committed to be published, in order.
    fn published(&self, store: &Self::Store) -> impl Future<Output = Vec<Envelope>> + Send;
}

/// Writes a `#[test]` for each requirement of a store. Takes an expression that makes
/// a [`Subject`](crate::conformance::Subject).
#[macro_export]
macro_rules! conformance {
    ($subject:expr) => {
        $crate::conformance! { @tests $subject =>
            a_claim_stands_before_the_effect
            a_second_attempt_meanwhile_returns_what_is_left_of_the_lease
            a_first_attempt_is_not_resumed_and_one_after_a_crash_is
            a_crashed_holder_is_followed_when_its_lease_is_over_on_every_clock
            an_attempt_that_lost_its_lease_fails_and_writes_nothing
            an_attempt_that_lost_its_lease_does_not_disturb_the_next_one
            a_holder_that_is_late_but_not_robbed_completes
            the_record_the_result_the_writes_and_the_events_are_one
            a_refused_write_keeps_everything_from_being_written
            a_refused_write_is_decided_on_again
            our_own_write_is_known_when_its_answer_was_lost
            a_failed_attempt_lets_the_next_one_in_at_once
            a_duplicate_returns_the_first_result_and_changes_nothing
            a_rejection_by_the_business_is_stored_and_replayed
            the_same_key_with_another_payload_is_refused_even_after_a_crash
            a_record_that_has_expired_counts_no_more_though_it_is_there
            consumers_and_versions_are_apart
            a_process_that_remembers_asks_no_more_and_forgets_what_has_expired
            two_holders_perform_one_side_effect_with_clocks_that_differ
        }
    };
    (@tests $subject:expr => $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance::run($crate::conformance::$case(&$subject));
            }
        )+
    };
}

/// Runs a case.
///
/// # Panics
///
/// When the store does not meet the requirement.
#[doc(hidden)]
pub fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(case),
        Err(error) => panic!("no runtime: {error}"),
    }
}
