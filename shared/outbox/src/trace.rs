/// A W3C `traceparent` as an X-Ray tracing header, which EventBridge carries on to its targets.
/// None if it is not a `traceparent`.
///
/// Sources: <https://www.w3.org/TR/trace-context/#traceparent-header>,
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.
pub(crate) fn xray_header(traceparent: &str) -> Option<String> {
    let mut fields = traceparent.split('-');
    let mut next = |digits: usize| {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        fields.next().filter(|field| field.len() == digits && field.bytes().all(is_digit))
    };
    let (version, trace, parent, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
    // Versions after 00 may append fields.
    let is_lawful = version != "ff" && (version != "00" || fields.next().is_none());
    let is_some = |id: &str| id.bytes().any(|byte| byte != b'0');
    if !is_lawful || !is_some(trace) || !is_some(parent) {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
    let (time, unique) = trace.split_at(8);
    Some(format!("Root=1-{time}-{unique};Parent={parent};Sampled={sampled}"))
}

#[cfg(test)]
mod tests {
    use super::xray_header;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

    #[test]
    fn a_traceparent_keeps_its_ids_and_its_sampling() {
        let header = |sampled| {
            let ids = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331";
            Some(format!("{ids};Sampled={sampled}"))
        };
        assert_eq!(xray_header(&format!("00-{TRACE}-01")), header(1));
        assert_eq!(xray_header(&format!("00-{TRACE}-00")), header(0));
        assert_eq!(xray_header(&format!("01-{TRACE}-03-more")), header(1));
    }

    #[test]
    fn anything_else_is_no_trace() {
        for bad in [
            String::new(),
            TRACE.to_owned(),
            format!("ff-{TRACE}-01"),
            format!("00-{TRACE}-01-more"),
            format!("00-{TRACE}-1"),
            format!("00-{}-01", TRACE.to_uppercase()),
            format!("00-{}-{}-01", "0".repeat(32), "1".repeat(16)),
            format!("00-{}-{}-01", "1".repeat(32), "0".repeat(16)),
            "00-é-é-01".to_owned(),
        ] {
            assert_eq!(xray_header(&bad), None, "{bad}");
        }
    }
}
