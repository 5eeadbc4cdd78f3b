//! No JSON makes the parser or the matcher panic or hang.

use local_event_pattern::Pattern;
use proptest::{collection, prelude::*};
use serde_json::{Map, Value};

/// Names and texts that patterns give a meaning to, so that many patterns are valid.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "a",
        "b",
        "a.b",
        "",
        "$or",
        "prefix",
        "suffix",
        "wildcard",
        "anything-but",
        "numeric",
        "cidr",
        "exists",
        "equals-ignore-case",
        "exactly",
        "=",
        "<",
        ">=",
        "10.0.0.0/8",
        "::1/64",
        "*",
        "**",
        r"\",
        "ß",
    ];
    prop_oneof![4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".*"]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::vec((word(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_json_is_parsed_or_refused(pattern in json(), event in json()) {
        match Pattern::parse(&pattern) {
            Ok(parsed) => {
                // Matching twice gives the same answer.
                prop_assert_eq!(parsed.matches(&event), parsed.matches(&event));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn exists_true_and_false_exclude_each_other(name in "[ab]", event in json()) {
        let matches = |exists: bool| {
            let pattern = serde_json::json!({ (name.as_str()): [{"exists": exists}] });
            Pattern::parse(&pattern).expect("valid").matches(&event)
        };
        prop_assert_eq!(matches(true) ^ matches(false), event.is_object());
    }
}
