//! Reads the values of a field: plain ones, and content filters.

use serde_json::{Map, Value};

use crate::{
    address::Network,
    error::Offence,
    matcher::Matcher,
    number::{self, Bound, Range},
    text::{Folded, Wildcard},
};

type Filter = Result<Matcher, Offence>;

/// One element of a field's array.
pub(crate) fn matcher(value: &Value) -> Filter {
    match value {
        Value::Null | Value::Bool(_) => Ok(Matcher::Literal(value.clone())),
        Value::Number(number) => Ok(Matcher::Number(number.clone())),
        // Addresses are the same in any spelling: `::1` is `0:0:0:0:0:0:0:1`.
        Value::String(text) => {
            Ok(Network::host(text).map_or_else(|| Matcher::Text(text.clone()), Matcher::Address))
        }
        Value::Array(_) => Err(Offence::NestedArray),
        Value::Object(filter) => content_filter(filter),
    }
}

fn content_filter(filter: &Map<String, Value>) -> Filter {
    let (name, operand) = only_entry(filter)?;
    match name {
        "exactly" => Ok(Matcher::Text(text("exactly", operand)?)),
        "prefix" => match operand.as_object() {
            Some(nested) => ignoring_case(nested).map(Matcher::PrefixIgnoringCase),
            None => text("prefix", operand).map(Matcher::Prefix),
        },
        "suffix" => match operand.as_object() {
            Some(nested) => ignoring_case(nested).map(Matcher::SuffixIgnoringCase),
            None => text("suffix", operand).map(Matcher::Suffix),
        },
        "equals-ignore-case" => folded(operand).map(Matcher::TextIgnoringCase),
        "wildcard" => wildcard(operand),
        "anything-but" => anything_but(operand),
        "numeric" => numeric(operand).map(Matcher::Numeric),
        "cidr" => cidr(operand),
        "exists" => match operand.as_bool() {
            Some(true) => Ok(Matcher::Present),
            Some(false) => Ok(Matcher::Absent),
            None => Err(wrong("exists", "true or false")),
        },
        other => Err(Offence::UnknownFilter(other.to_owned())),
    }
}

fn only_entry(filter: &Map<String, Value>) -> Result<(&str, &Value), Offence> {
    let mut entries = filter.iter();
    match (entries.next(), entries.next()) {
        (Some((name, operand)), None) => Ok((name, operand)),
        _ => Err(Offence::NotOneFilter),
    }
}

fn wrong(filter: &'static str, takes: &'static str) -> Offence {
    Offence::WrongOperand { filter, takes }
}

fn text(filter: &'static str, operand: &Value) -> Result<String, Offence> {
    operand.as_str().map(str::to_owned).ok_or(wrong(filter, "a string"))
}

fn folded(operand: &Value) -> Result<Folded, Offence> {
    text("equals-ignore-case", operand).map(|text| Folded::new(&text))
}

/// The `{"equals-ignore-case": …}` inside a `prefix` or `suffix`.
fn ignoring_case(nested: &Map<String, Value>) -> Result<Folded, Offence> {
    match only_entry(nested)? {
        ("equals-ignore-case", operand) => folded(operand),
        (other, _) => Err(Offence::UnknownFilter(other.to_owned())),
    }
}

fn wildcard(operand: &Value) -> Filter {
    let takes = r"a string without **, whose backslashes escape * or \ only";
    let parsed = operand.as_str().and_then(Wildcard::parse);
    parsed.map(Matcher::Wildcard).ok_or(wrong("wildcard", takes))
}

fn cidr(operand: &Value) -> Filter {
    let takes =
        "an address and mask such as 10.0.0.0/24 or 2001:db8::/32, shorter than the address";
    let parsed = operand.as_str().and_then(Network::cidr);
    parsed.map(Matcher::Address).ok_or(wrong("cidr", takes))
}

fn anything_but(operand: &Value) -> Filter {
    let (read, operand): (fn(&Value) -> Filter, _) = match operand.as_object() {
        Some(nested) => {
            let (name, operand) = only_entry(nested)?;
            (nested_filter(name).ok_or(Offence::UnknownFilter(name.to_owned()))?, operand)
        }
        None => (refused_value, operand),
    };
    // One value stands for a list of one.
    let values = operand.as_array().map_or(std::slice::from_ref(operand), Vec::as_slice);
    if values.is_empty() {
        return Err(Offence::EmptyArray);
    }
    if values.iter().any(Value::is_string) && values.iter().any(Value::is_number) {
        return Err(wrong("anything-but", "strings only or numbers only"));
    }
    values.iter().map(read).collect::<Result<_, _>>().map(Matcher::AnythingBut)
}

fn refused_value(value: &Value) -> Filter {
    match value {
        Value::String(text) => Ok(Matcher::Text(text.clone())),
        Value::Number(_) => double(value).map(|it| Matcher::Numeric(Range::only(it))),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(wrong("anything-but", "a string, a number, a list of them, or a nested filter"))
        }
    }
}

/// How `anything-but` reads the values of the filter nested in it.
fn nested_filter(name: &str) -> Option<fn(&Value) -> Filter> {
    match name {
        "prefix" => Some(|it| not_empty("prefix", it).map(Matcher::Prefix)),
        "suffix" => Some(|it| not_empty("suffix", it).map(Matcher::Suffix)),
        "equals-ignore-case" => Some(|it| folded(it).map(Matcher::TextIgnoringCase)),
        "wildcard" => Some(wildcard),
        _ => None,
    }
}

fn not_empty(filter: &'static str, operand: &Value) -> Result<String, Offence> {
    let takes = "strings that are not empty, inside anything-but";
    text(filter, operand).ok().filter(|text| !text.is_empty()).ok_or(wrong(filter, takes))
}

fn numeric(operand: &Value) -> Result<Range, Offence> {
    const TAKES: &str =
        r#"["=" or one bound, number], or a lower and then a higher bound as in [">", 0, "<=", 5]"#;
    let terms = operand.as_array().map(Vec::as_slice).unwrap_or_default();
    let bound = |value, inclusive| double(value).map(|value| Some(Bound { value, inclusive }));
    let parts: Vec<_> = terms.chunks(2).map(|pair| (pair[0].as_str(), pair.get(1))).collect();
    let range = match *parts {
        [(Some("="), Some(value))] => Range::only(double(value)?),
        [(Some(top @ ("<" | "<=")), Some(value))] => {
            Range { bottom: None, top: bound(value, top == "<=")? }
        }
        [(Some(bottom @ (">" | ">=")), Some(value))] => {
            Range { bottom: bound(value, bottom == ">=")?, top: None }
        }
        [(Some(bottom @ (">" | ">=")), Some(low)), (Some(top @ ("<" | "<=")), Some(high))] => {
            let range =
                Range { bottom: bound(low, bottom == ">=")?, top: bound(high, top == "<=")? };
            if double(low)? >= double(high)? {
                return Err(wrong("numeric", TAKES));
            }
            range
        }
        _ => return Err(wrong("numeric", TAKES)),
    };
    Ok(range)
}

fn double(value: &Value) -> Result<f64, Offence> {
    let number = value.as_number().ok_or(wrong("numeric", "numbers after its operators"))?;
    number::exact(number).ok_or_else(|| Offence::InexactNumber(number.to_string()))
}
