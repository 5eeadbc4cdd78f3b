//! The ids that services give out.

use crate::{clock::Clock, counter::Counter};

/// A new id of a request or an event: a version 4 UUID.
#[expect(clippy::disallowed_methods, reason = "these ids only have to differ; no logic reads them")]
pub fn request_id() -> String {
    uuid(fastrand::u128(..))
}

/// The version 4 UUID of these random bits.
pub fn uuid(random: u128) -> String {
    let bits = random & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Ids that grow with time, and differ between two runs of the stack.
#[derive(Debug)]
pub struct Ids {
    started_ms: u64,
    count: Counter,
}

impl Ids {
    /// Ids from now on.
    pub fn new(clock: &Clock) -> Self {
        let started_ms = u64::try_from(clock.since_epoch().as_millis()).unwrap_or_default();
        Self { started_ms, count: Counter::default() }
    }

    /// 24 hexadecimal digits, greater than every one before.
    pub fn next(&self) -> String {
        let count = self.count.next_number() + 1;
        format!("{:012x}{count:012x}", self.started_ms)
    }

    /// `next` after a prefix, as in `pi_0190…`.
    pub fn prefixed(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Ids, request_id, uuid};

    #[test]
    fn an_id_is_a_random_uuid() {
        let id = request_id();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        assert_ne!(id, request_id());
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn ids_grow() {
        let ids = Ids::new(&Clock::new(|| time::OffsetDateTime::UNIX_EPOCH));
        assert_eq!(ids.next(), "000000000000000000000001");
        assert_eq!(ids.prefixed("pi"), "pi_000000000000000000000002");
    }
}
