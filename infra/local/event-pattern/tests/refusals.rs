//! Patterns that are refused, and what the refusal says.

use local_event_pattern::{ALTERNATIVES_MAX, DEPTH_MAX, Offence, Pattern, PatternError};
use serde_json::{Value, json};

#[track_caller]
fn refusal(pattern: &Value) -> PatternError {
    let Err(error) = Pattern::parse(pattern) else { panic!("{pattern} was accepted") };
    error
}

#[test]
fn the_error_names_path_and_offence() {
    for (pattern, path, says) in [
        (json!([]), "event pattern", "must be a JSON object"),
        (json!({}), "event pattern", "an empty object"),
        (json!({"a": {"b": {}}}), "a.b", "an empty object"),
        (json!({"a": {"b": "x"}}), "a.b", "an array of the values"),
        (json!({"a": null}), "a", "an array of the values"),
        (json!({"a": []}), "a", "an empty array"),
        (json!({"a": [[1]]}), "a", "a value to match is"),
        (json!({"a": [{}]}), "a", "exactly one key"),
        (json!({"a": [{"prefix": "x", "suffix": "y"}]}), "a", "exactly one key"),
        (json!({"a": [{"regex": "x"}]}), "a", r#"no content filter "regex""#),
        (json!({"a": [{"prefix": 1}]}), "a", "prefix takes a string"),
        (json!({"a": [{"prefix": {"wildcard": "x"}}]}), "a", r#"no content filter "wildcard""#),
        (json!({"a": [{"suffix": null}]}), "a", "suffix takes a string"),
        (json!({"a": [{"exactly": 1}]}), "a", "exactly takes a string"),
        (json!({"a": [{"equals-ignore-case": 1}]}), "a", "equals-ignore-case takes a string"),
        (json!({"a": [{"wildcard": "x**"}]}), "a", "wildcard takes"),
        (json!({"a": [{"wildcard": r"x\y"}]}), "a", "wildcard takes"),
        (json!({"a": [{"exists": "yes"}]}), "a", "exists takes true or false"),
        (json!({"a": [{"cidr": "10.0.0.0"}]}), "a", "cidr takes"),
        (json!({"a": [{"anything-but": null}]}), "a", "anything-but takes"),
        (json!({"a": [{"anything-but": [true]}]}), "a", "anything-but takes"),
        (json!({"a": [{"anything-but": ["x", 1]}]}), "a", "strings only or numbers only"),
        (json!({"a": [{"anything-but": []}]}), "a", "an empty array"),
        (json!({"a": [{"anything-but": {"prefix": ""}}]}), "a", "not empty"),
        (json!({"a": [{"anything-but": {"numeric": ["=", 1]}}]}), "a", r#""numeric" here"#),
        (json!({"$or": [{"a": [1]}, {"b": {"prefix": [1]}}]}), "b.prefix", "reserved"),
        (json!({"$or": [{"a": [1]}, {}]}), "event pattern", "an empty object"),
    ] {
        let message = refusal(&pattern).to_string();
        assert!(message.starts_with(&format!("{path}: ")), "{pattern}: {message}");
        assert!(message.contains(says), "{pattern}: {message}");
    }
}

#[test]
fn numeric_wants_operators_and_numbers() {
    for operand in [
        json!(5),
        json!([]),
        json!(["="]),
        json!(["=", "5"]),
        json!(["!=", 5]),
        json!([5, "="]),
        json!(["=", 5, "<", 6]),
        json!(["<", 5, ">", 0]),
        json!([">", 5, "<", 5]),
        json!([">", 5, "<="]),
        json!([">", 0, "<", 5, "<", 6]),
        json!([">", 9_007_199_254_740_993_u64]),
    ] {
        let error = refusal(&json!({"a": [{"numeric": operand}]}));
        assert_eq!(error.path, "a", "{error}");
    }
}

#[test]
fn depth_and_combinations_are_limited() {
    let nested = |depth| (0..depth).fold(json!([1]), |inner, _| json!({ "a": inner }));
    assert!(Pattern::parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(refusal(&nested(DEPTH_MAX + 1)).offence, Offence::TooDeep);

    let choice =
        |count| (0..count).map(|it| json!({ (format!("f{it}")): [1] })).collect::<Vec<_>>();
    let product = |left, right| json!({"a": {"$or": choice(left)}, "b": {"$or": choice(right)}});
    assert!(Pattern::parse(&product(10, ALTERNATIVES_MAX / 10)).is_ok());
    assert_eq!(
        refusal(&product(10, ALTERNATIVES_MAX / 10 + 1)).offence,
        Offence::TooManyAlternatives
    );
}
