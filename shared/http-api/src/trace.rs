//! Traces: the W3C's `traceparent`, and X-Ray's header as one.
//!
//! Sources: <https://www.w3.org/TR/trace-context/> and
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.

use ::trace::Traceparent;

pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const XRAY: &str = "x-amzn-trace-id";

/// The `traceparent` that an `X-Amzn-Trace-Id` stands for: `Root=1-5759e988-bd86…;Parent=…;Sampled=1`.
///
/// An HTTP API gives a root but no parent, since it records no segment of its own; then the end of
/// the root stands for the segment that nobody recorded.
pub fn traceparent_of_xray(text: &str) -> Option<String> {
    let fields = || text.split(';').filter_map(|field| field.trim().split_once('='));
    let field = |name| fields().find(|(it, _)| *it == name).map(|(_, value)| value);
    let (time, random) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
    if !is_hex(time, 8) || !is_hex(random, 24) {
        return None;
    }
    let parent = match field("Parent") {
        Some(parent) => parent,
        None => random.get(8..)?,
    };
    let flags = if field("Sampled") == Some("1") { "01" } else { "00" };
    Some(Traceparent::parse(&format!("00-{time}{random}-{parent}-{flags}"))?.to_string())
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xrays_header_becomes_a_traceparent() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        let traceparent = |more: &str| traceparent_of_xray(&format!("{root}{more}")).unwrap();
        let trace = "00-5759e988bd862e3fe1be46a994272793";
        assert_eq!(
            traceparent(";Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0"),
            format!("{trace}-53995c3f42cd8ad8-01")
        );
        assert_eq!(
            traceparent("; Sampled=0;Parent=53995c3f42cd8ad8"),
            format!("{trace}-53995c3f42cd8ad8-00")
        );
        // Nobody has decided yet.
        assert_eq!(
            traceparent(";Parent=53995c3f42cd8ad8;Sampled=?"),
            format!("{trace}-53995c3f42cd8ad8-00")
        );
        assert_eq!(traceparent(""), format!("{trace}-e1be46a994272793-00"));
    }

    #[test]
    fn a_broken_header_of_xray_is_no_trace() {
        for bad in [
            "",
            "Root",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988",
            "Root=1-5759e98-bd862e3fe1be46a9942727930",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f",
            "Root=1-5759e988-éd862e3fe1be46a99427279",
            "Parent=53995c3f42cd8ad8",
        ] {
            assert_eq!(traceparent_of_xray(bad), None, "{bad}");
        }
    }
}
