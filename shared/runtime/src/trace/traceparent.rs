//! The W3C `traceparent`, which carries a trace from one process to the next.

use std::fmt;

/// A `traceparent`. It is written as of version 00, and read as of that or a later one, which is
/// known by its first four fields.
///
/// Sources: <https://www.w3.org/TR/trace-context/#traceparent-header>,
/// <https://www.w3.org/TR/trace-context/#versioning-of-traceparent>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traceparent {
    trace_id: String,
    span_id: String,
    flags: u8,
}

impl Traceparent {
    /// Reads one. None if the text is something else: of the version ff, which is none, or of
    /// version 00 with more than its four fields.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |digits| parts.next().filter(|part| is_hex(part, digits));
        let version = next(2)?;
        let trace_id = next(32)?;
        let span_id = next(16)?;
        let flags = next(2)?;
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        Self::new(trace_id, span_id, u8::from_str_radix(flags, 16).ok()?)
    }

    /// One that asks for its trace to be recorded. None if an id is not what the standard asks
    /// for: 32 and 16 hexadecimal digits in lower case, not all of them zero.
    pub(crate) fn sampled(trace_id: &str, span_id: &str) -> Option<Self> {
        Self::new(trace_id, span_id, 1)
    }

    pub(crate) fn new(trace_id: &str, span_id: &str, flags: u8) -> Option<Self> {
        let is_id = |id: &str, digits| is_hex(id, digits) && id.bytes().any(|byte| byte != b'0');
        let is_lawful = is_id(trace_id, 32) && is_id(span_id, 16);
        is_lawful.then(|| Self { trace_id: trace_id.into(), span_id: span_id.into(), flags })
    }

    /// The trace: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// The parent span: 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> &str {
        &self.span_id
    }

    /// Whether the service that began the trace records it.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// The same place in the same trace, which is to be recorded.
    #[must_use]
    pub fn into_sampled(self) -> Self {
        Self { flags: self.flags | 1, ..self }
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_was_read_is_written_as_it_was() {
        for good in [GOOD.to_owned(), GOOD.replace("-01", "-00"), GOOD.replace("-01", "-ff")] {
            assert_eq!(Traceparent::parse(&good).unwrap().to_string(), good);
        }
        let unsampled = Traceparent::parse(&GOOD.replace("-01", "-00")).unwrap();
        assert!(!unsampled.is_sampled());
        assert_eq!(unsampled.into_sampled().to_string(), GOOD);
    }

    #[test]
    fn a_later_version_is_read_by_its_first_four_fields() {
        for later in ["01", "0f", "c9", "fe"] {
            for more in ["", "-", "-00", "-what.comes-later", "-ünïcode"] {
                let text = format!("{}{more}", GOOD.replacen("00", later, 1));
                assert_eq!(Traceparent::parse(&text).unwrap().to_string(), GOOD, "{text}");
            }
            for bad in [format!("{GOOD}00"), GOOD.replace("-01", "-1"), GOOD.replace("-01", "")] {
                assert_eq!(Traceparent::parse(&bad.replacen("00", later, 1)), None, "{bad}");
            }
        }
    }

    #[test]
    fn anything_else_is_none() {
        for bad in [
            "",
            "00",
            &GOOD.to_uppercase(),
            &format!("{GOOD}-00"),
            &format!(" {GOOD}"),
            &GOOD.replacen("00", "ff", 1),
            &format!("{}-more", GOOD.replacen("00", "ff", 1)),
            &GOOD.replacen("00", "0A", 1),
            &GOOD.replacen("00", "1", 1),
            &format!("{GOOD}-"),
            &GOOD.replace("b7ad6b7169203331", "0000000000000000"),
            &GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &GOOD.replace("0af7", "0ag7"),
            &GOOD.replace("0af7", "af7"),
        ] {
            assert_eq!(Traceparent::parse(bad), None, "{bad}");
        }
    }
}
