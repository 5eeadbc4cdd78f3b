//! Texts of policies, and the patterns that they are.

use serde_json::Value;

use crate::error::PolicyError;

/// How many parts an ARN has, of which the last may hold colons.
const ARN_PARTS: usize = 6;

/// Whether `text` is what `pattern` says, in which `*` stands for any run of characters, and `?` for
/// any one.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where the last `*` stands, and how much of the text it has been taken for.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(it) if *it == '?' || text.get(seen) == Some(it) => {
                at += 1;
                seen += 1;
            }
            Some(_) | None => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = place + 1;
                seen = taken + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|it| *it == '*')
}

/// Whether `arn` is what `pattern` says, part by part: no wildcard reaches over a colon, but in the
/// last part.
pub(crate) fn arn_like(pattern: &str, arn: &str) -> bool {
    let parts = |it: &str| it.splitn(ARN_PARTS, ':').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, arn) = (parts(pattern), parts(arn));
    pattern.len() == ARN_PARTS
        && arn.len() == ARN_PARTS
        && pattern.iter().zip(&arn).all(|(pattern, part)| like(pattern, part))
}

/// One text or a list of them: policies write a list of one as the one.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, PolicyError> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => std::slice::from_ref(single),
    };
    let text = |item: &Value| match item {
        Value::String(text) if text.contains("${") => Err(PolicyError::new(
            "",
            format!("{text:?} has a variable, which is not followed here"),
        )),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(PolicyError::new("", "must be text or a list of texts"))
        }
    };
    let texts: Vec<String> = items.iter().map(text).collect::<Result<_, _>>()?;
    if texts.is_empty() {
        return Err(PolicyError::new("", "must not be empty"));
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_run_and_any_one() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("*", "abc"),
            ("a*c", "abbc"),
            ("a*b*c", "aXbYbZc"),
            ("a?c", "abc"),
            ("*#*", "inventory#1#2"),
            ("ä*", "äö"),
        ] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "A"),
            ("a", ""),
            ("", "a"),
            ("a?", "a"),
            ("a*c", "acb"),
            ("inventory#*", "inventory"),
        ] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_wildcard_of_an_arn_stays_in_its_part() {
        let rule = "arn:aws:events:us-east-1:000000000000:rule/bus/stack-a";
        assert!(arn_like("arn:aws:events:*:*:rule/*/stack-*", rule));
        assert!(!arn_like("arn:*:rule/bus/stack-a", rule));
        assert!(!arn_like("*", rule));
    }
}
