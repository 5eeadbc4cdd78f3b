//! Identifiers that Lambda draws for each invocation.

use local_core::Clock;

/// The value of `Lambda-Runtime-Trace-Id` for an invocation that is not traced yet.
pub(crate) fn trace_id() -> String {
    let seconds = Clock::system().since_epoch().as_secs();
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
    fn a_trace_id_has_root_and_parent() {
        let id = trace_id();
        let parts: Vec<usize> = id.split(';').map(str::len).collect();
        assert_eq!(parts, ["Root=1-00000000-".len() + 24, "Parent=".len() + 16, "Sampled=0".len()]);
    }
}
