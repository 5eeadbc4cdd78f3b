//! Reading requests, and the pages of lists.

use std::ops::RangeInclusive;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use local_core::AwsError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{error, limits, names::queue_name_of_url};

/// A request body as its operation's type. Members that it does not know are ignored.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, AwsError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        AwsError::client("com.amazon.coral.service#SerializationException", error.to_string())
    })
}

/// A member that the request must have, and not empty.
pub(super) fn required(value: Option<String>, parameter: &str) -> Result<String, AwsError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| error::missing(parameter))
}

/// The name of the queue that the request is for.
pub(super) fn queue_name(url: Option<String>) -> Result<String, AwsError> {
    let url = required(url, "QueueUrl")?;
    queue_name_of_url(&url).map(str::to_owned)
}

/// One page of `items`, which are sorted: those after `token`, at most `max` of them.
///
/// The token is the last item before the page, so that a page is right although the list has
/// changed since the one before it.
pub(super) fn page(
    items: Vec<String>,
    max: Option<i64>,
    token: Option<&str>,
) -> Result<(Vec<String>, Option<String>), AwsError> {
    const PAGE: RangeInclusive<i64> = 1..=1000;
    let max = max.unwrap_or(*PAGE.end());
    if !PAGE.contains(&max) {
        return Err(limits::out_of_range("MaxResults", max, &PAGE));
    }
    let after = token.map(parse_token).transpose()?;
    let follows = |item: &String| after.as_ref().is_none_or(|after| item > after);
    let mut rest = items.into_iter().filter(follows).peekable();
    let length = usize::try_from(max).unwrap_or(usize::MAX);
    let page: Vec<String> = rest.by_ref().take(length).collect();
    let more = rest.peek().is_some();
    let next = page.last().filter(|_| more).map(|last| BASE64.encode(last));
    Ok((page, next))
}

fn parse_token(token: &str) -> Result<String, AwsError> {
    let bytes = BASE64.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| error::invalid("NextToken", token, "it was not given out by this list."))
}

/// A JSON object of those members that have a value. SQS leaves out the others, empty lists too.
pub(super) fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = |(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?));
    Value::Object(members.into_iter().filter_map(present).collect::<Map<_, _>>())
}

/// A list, or nothing if it is empty.
pub(super) fn nonempty(list: Vec<Value>) -> Option<Value> {
    (!list.is_empty()).then_some(Value::Array(list))
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let items = || ["a", "b", "c"].map(str::to_owned).to_vec();
        let (first, token) = page(items(), Some(2), None).unwrap();
        assert_eq!(first, ["a", "b"]);
        let (second, end) = page(items(), Some(2), token.as_deref()).unwrap();
        assert_eq!(second, ["c"]);
        assert_eq!(end, None);
        assert!(page(items(), Some(0), None).is_err());
        assert!(page(items(), None, Some("?")).is_err());
    }
}
