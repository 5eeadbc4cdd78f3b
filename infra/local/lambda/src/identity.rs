//! Identifiers that Lambda draws for each invocation.

use crate::clock;

/// A request id: a version 4 UUID.
pub(crate) fn request_id() -> String {
    let bits = draw() & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The value of `Lambda-Runtime-Trace-Id` for an invocation that nobody traces yet.
pub(crate) fn trace_id() -> String {
    let seconds = clock::since_epoch().as_secs();
    let hex = format!("{:032x}{:08x}", draw(), draw() >> 96);
    format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0", &hex[..24], &hex[24..])
}

#[expect(clippy::disallowed_methods, reason = "these ids only have to differ; no logic reads them")]
fn draw() -> u128 {
    fastrand::u128(..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_random_uuid() {
        let id = request_id();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        assert_ne!(id, request_id());
    }

    #[test]
    fn a_trace_id_has_root_and_parent() {
        let id = trace_id();
        let parts: Vec<usize> = id.split(';').map(str::len).collect();
        assert_eq!(parts, ["Root=1-00000000-".len() + 24, "Parent=".len() + 16, "Sampled=0".len()]);
    }
}
