//! Ids as API Gateway writes them.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use local_core::{Clock, Counter};

/// Odd, so that no two numbers become the same one; and without a pattern.
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c061;
/// 11 bytes: base64 of them has 16 characters, the last of which is `=`.
const BITS: u128 = (1 << 88) - 1;
/// Of the time: until the year 10889.
const MILLIS: u128 = (1 << 48) - 1;

/// Ids of connections, requests and messages: no two of an API are the same.
#[derive(Debug)]
pub(super) struct Ids {
    clock: Clock,
    count: Counter,
}

impl Ids {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, count: Counter::default() }
    }

    pub(super) fn next(&self) -> String {
        let millis = self.clock.since_epoch().as_millis() & MILLIS;
        let count = u128::from(self.count.next_number());
        let id = ((count << 48) | millis).wrapping_mul(SPREAD) & BITS;
        URL_SAFE.encode(&id.to_be_bytes()[5..])
    }
}

/// Whether `text` could be an id: what could not is refused as such, and not as gone.
pub(super) fn is_id(text: &str) -> bool {
    text.ends_with('=') && URL_SAFE.decode(text).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_look_like_those_of_api_gateway_and_differ() {
        let ids = Ids::new(Clock::new(|| time::OffsetDateTime::UNIX_EPOCH));
        let drawn: BTreeSet<String> = (0..1_000).map(|_| ids.next()).collect();
        assert_eq!(drawn.len(), 1_000);
        assert!(drawn.iter().all(|id| id.len() == 16 && is_id(id)), "{drawn:?}");
        assert!(!is_id("JKCe") && !is_id("not an id="));
    }
}
