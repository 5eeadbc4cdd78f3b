//! Wildcards that the service finds too costly to match.

use serde_json::Value;

/// What the service says of them.
pub(crate) const TOO_COMPLEX: &str = "Rule is too complex - try using fewer wildcard characters or \
                                      fewer repeating character sequences after a wildcard character";
/// How many wildcards before the same character are too many. The service states no number; of
/// those on record it refuses five, and takes three.
const SAME_CHARACTER: usize = 5;

/// The first wildcard in `pattern` that is too complex.
pub(crate) fn too_complex(pattern: &Value) -> Option<&str> {
    match pattern {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::String(wildcard) if name == "wildcard" && is_too_complex(wildcard) => {
                Some(wildcard.as_str())
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => too_complex(value),
        }),
        Value::Array(items) => items.iter().find_map(too_complex),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn is_too_complex(wildcard: &str) -> bool {
    let followers: Vec<_> = wildcard.split('*').skip(1).map(|it| it.chars().next()).collect();
    let alike = |one: &Option<char>| followers.iter().filter(|it| *it == one).count();
    followers.iter().filter(|it| it.is_some()).any(|it| alike(it) >= SAME_CHARACTER)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::too_complex;

    #[test]
    fn many_wildcards_before_the_same_character_are_too_many() {
        let wildcard = |it: &str| json!({"detail": {"x": [{"anything-but": {"wildcard": it}}]}});
        for refused in ["*:*:*:*:*:bus/*", "a*-*-*-*-*-"] {
            assert_eq!(too_complex(&wildcard(refused)), Some(refused));
        }
        for taken in ["dir/*/x*", "arn:*:s3:*:*:bucket", "*a*b*c*d*e*f"] {
            assert_eq!(too_complex(&wildcard(taken)), None, "{taken}");
        }
    }
}
