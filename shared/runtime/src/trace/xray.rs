//! The trace header of AWS, from and to a `traceparent`.
//!
//! Source: <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.

use crate::{Traceparent, trace::traceparent::is_hex};

impl Traceparent {
    /// The one that an X-Ray header stands for: `Root=1-5759e988-bd86…;Parent=…;Sampled=1`. None if
    /// the text is something else.
    ///
    /// An HTTP API of API Gateway gives a root but no parent, since it records no segment of its
    /// own; then the end of the root stands for the segment that was not recorded.
    #[must_use]
    pub fn from_xray(header: &str) -> Option<Self> {
        let fields = || header.split(';').filter_map(|field| field.trim().split_once('='));
        let field = |name| fields().find(|(found, _)| *found == name).map(|(_, value)| value);
        let (time, random) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
        if !is_hex(time, 8) || !is_hex(random, 24) {
            return None;
        }
        let parent = match field("Parent") {
            Some(parent) => parent,
            None => random.get(8..)?,
        };
        let flags = u8::from(field("Sampled") == Some("1"));
        Self::new(&format!("{time}{random}"), parent, flags)
    }

    /// It as an X-Ray header, which EventBridge passes on to its targets.
    #[must_use]
    pub fn to_xray(&self) -> String {
        let (time, random) = self.trace_id().split_at(8);
        let sampled = u8::from(self.is_sampled());
        format!("Root=1-{time}-{random};Parent={};Sampled={sampled}", self.span_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";
    const TRACE: &str = "00-5759e988bd862e3fe1be46a994272793";

    #[test]
    fn xrays_header_becomes_a_traceparent() {
        let traceparent =
            |more: &str| Traceparent::from_xray(&format!("{ROOT}{more}")).unwrap().to_string();
        assert_eq!(
            traceparent(";Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0"),
            format!("{TRACE}-53995c3f42cd8ad8-01")
        );
        assert_eq!(
            traceparent("; Sampled=0;Parent=53995c3f42cd8ad8"),
            format!("{TRACE}-53995c3f42cd8ad8-00")
        );
        // Not decided yet.
        assert_eq!(
            traceparent(";Parent=53995c3f42cd8ad8;Sampled=?"),
            format!("{TRACE}-53995c3f42cd8ad8-00")
        );
        assert_eq!(traceparent(""), format!("{TRACE}-e1be46a994272793-00"));
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
            assert_eq!(Traceparent::from_xray(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_traceparent_keeps_its_ids_and_its_sampling_on_the_way_there_and_back() {
        for (flags, sampled, back) in [("01", 1, "01"), ("00", 0, "00"), ("03", 1, "01")] {
            let text = format!("{TRACE}-53995c3f42cd8ad8-{flags}");
            let header = Traceparent::parse(&text).unwrap().to_xray();
            assert_eq!(header, format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled={sampled}"));
            let came_back = Traceparent::from_xray(&header).unwrap().to_string();
            assert_eq!(came_back, format!("{TRACE}-53995c3f42cd8ad8-{back}"));
        }
    }
}
