//! Filter criteria: which records reach the function at all.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>.

use local_event_pattern::Pattern;
use serde_json::Value;

use super::MappingError;

/// Reads the patterns of `FilterCriteria`, each a JSON text.
///
/// # Errors
///
/// When a pattern is not one that AWS accepts; the error says which.
pub fn parse_filters<'a>(
    patterns: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Pattern>, MappingError> {
    let numbered = patterns.into_iter().zip(1..);
    numbered
        .map(|(pattern, number)| {
            let pattern: Value = serde_json::from_str(pattern)
                .map_err(|error| MappingError::FilterJson { number, reason: error.to_string() })?;
            Pattern::parse(&pattern).map_err(|error| MappingError::Filter { number, error })
        })
        .collect()
}

/// Whether `record` passes: any of the filters will do, and no filters let everything pass.
pub(super) fn passes(filters: &[Pattern], record: &Value) -> bool {
    filters.is_empty() || filters.iter().any(|filter| filter.matches(record))
}

/// A queue's record as filters see it: with the body as JSON, where it is an object.
pub(super) fn passes_with_body(filters: &[Pattern], record: &Value) -> bool {
    if filters.is_empty() {
        return true;
    }
    let mut record = record.clone();
    if let Some(body) = record["body"].as_str()
        && let Ok(body @ Value::Object(_)) = serde_json::from_str(body)
    {
        record["body"] = body;
    }
    passes(filters, &record)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn any_filter_will_do() {
        let filters =
            parse_filters([r#"{"eventName":["INSERT"]}"#, r#"{"eventName":["MODIFY"]}"#]).unwrap();
        assert!(passes(&filters, &json!({ "eventName": "MODIFY" })));
        assert!(!passes(&filters, &json!({ "eventName": "REMOVE" })));
        assert!(passes(&[], &json!({})));
    }

    #[test]
    fn a_body_is_filtered_as_json_or_as_text() {
        let object = parse_filters([r#"{"body":{"kind":["order"]}}"#]).unwrap();
        assert!(passes_with_body(&object, &json!({ "body": r#"{"kind":"order"}"# })));
        assert!(!passes_with_body(&object, &json!({ "body": "order" })));
        let text = parse_filters([r#"{"body":["order"]}"#]).unwrap();
        assert!(passes_with_body(&text, &json!({ "body": "order" })));
    }

    #[test]
    fn a_broken_filter_is_named_by_its_number() {
        let error = parse_filters([r#"{"body":["order"]}"#, "{"]).unwrap_err();
        assert!(matches!(error, MappingError::FilterJson { number: 2, .. }), "{error}");
        let error = parse_filters([r#"{"body":"order"}"#]).unwrap_err();
        assert!(matches!(error, MappingError::Filter { number: 1, .. }), "{error}");
    }
}
