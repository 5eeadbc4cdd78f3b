//! Lists, page by page. A token is the place in the list, by what does not move when the list
//! grows: the number of the last item that was shown.

use serde_json::{Value, json};

use super::requests::Page;
use crate::error::ApiError;

/// How many items a page has, unless the request sets it.
const DEFAULT: usize = 100;
const MAX: i64 = 1_000;

/// One page under the key `name`, of items in their order with the number of each.
pub(super) fn page(
    name: &str,
    items: impl Iterator<Item = (u64, Value)>,
    page: &Page,
) -> Result<Value, ApiError> {
    let after = page.next_token.as_deref().map(str::parse::<u64>).transpose();
    let after = after.map_err(|_| ApiError::InvalidToken)?;
    let size = size(page)?;
    let mut rest = items.peekable();
    if let Some(after) = after {
        while rest.next().is_some_and(|(number, _)| number != after) {}
    }
    let mut shown = Vec::new();
    let mut last = 0;
    while shown.len() < size {
        let Some((number, item)) = rest.next() else { break };
        (last, ()) = (number, shown.push(item));
    }
    let mut response = json!({ name: shown });
    if rest.peek().is_some() {
        response["nextToken"] = json!(last.to_string());
    }
    Ok(response)
}

fn size(page: &Page) -> Result<usize, ApiError> {
    let member = "maxResults";
    match page.max_results.unwrap_or_default() {
        0 => Ok(DEFAULT),
        given @ ..0 => {
            let rule = "Member must have value greater than or equal to 0";
            Err(ApiError::constraint(member, &given.to_string(), rule))
        }
        given if given > MAX => {
            let rule = format!("Member must have value less than or equal to {MAX}");
            Err(ApiError::constraint(member, &given.to_string(), &rule))
        }
        given => Ok(usize::try_from(given).unwrap_or(DEFAULT)),
    }
}
