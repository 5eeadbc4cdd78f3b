//! Parameters in `application/x-www-form-urlencoded`, nested as in `metadata[order_id]`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::Refusal;

/// Stripe's limit of eight digits.
pub(super) const AMOUNT_MAX: u64 = 99_999_999;

/// <https://docs.stripe.com/api/metadata>
const METADATA_ENTRIES_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;

/// The parameters of a request; a repeated one counts in its last value, as at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The same for the same parameters at the same endpoint, in whatever order they came.
    pub(super) fn fingerprint(&self, endpoint: &str) -> String {
        let parameters =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        format!("{endpoint}?{parameters}")
    }

    /// A parameter that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }

    /// An integer from 1 to `max`.
    pub(super) fn integer(&self, name: &str, max: u64) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<i64>().map(u64::try_from) {
            Err(_) => Err(Refusal::not_an_integer(name, text)),
            Ok(Ok(value)) if (1..=max).contains(&value) => Ok(Some(value)),
            Ok(_) => {
                let message = format!("This value must be from 1 to {max}: {text}");
                Err(Refusal::invalid(name, message).with_code("parameter_invalid_integer"))
            }
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let parse = |text: &str| {
            text.parse().map_err(|_| Refusal::invalid(name, format!("Invalid boolean: {text}")))
        };
        self.get(name).map(parse).transpose()
    }

    pub(super) fn one_of(&self, name: &str, values: &[&str]) -> Result<Option<String>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if values.contains(&value) {
            return Ok(Some(value.to_owned()));
        }
        Err(Refusal::invalid(name, format!("Invalid {name}: must be one of {}", values.join(", "))))
    }

    pub(super) fn metadata(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let nested =
            |name: &str| Some(name.strip_prefix("metadata[")?.strip_suffix(']')?.to_owned());
        let metadata: BTreeMap<_, _> = self
            .0
            .iter()
            .filter_map(|(name, value)| Some((nested(name)?, value.clone())))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let fits = |(key, value): (&String, &String)| {
            key.chars().count() <= METADATA_KEY_CHARS_MAX
                && value.chars().count() <= METADATA_VALUE_CHARS_MAX
        };
        if metadata.len() > METADATA_ENTRIES_MAX || !metadata.iter().all(fits) {
            let message = "Metadata has at most 50 keys of 40 characters, with values of 500.";
            return Err(Refusal::invalid("metadata", message));
        }
        Ok(metadata)
    }

    /// Refuses what the endpoint does not know; `name[…]` is known by its `name`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let base = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
        match self.0.keys().find(|name| !known.contains(&base(name).as_str())) {
            Some(unknown) => Err(Refusal::unknown_parameter(unknown)),
            None => Ok(()),
        }
    }
}

/// How many objects a page has at most, and how many if the client sets no limit.
const PAGE_MAX: usize = 100;
const PAGE_DEFAULT: usize = 10;

/// How many objects the client wants on a page.
pub(super) fn limit(form: &Form) -> Result<usize, Refusal> {
    let limit = form.integer("limit", PAGE_MAX as u64)?;
    Ok(limit.and_then(|it| usize::try_from(it).ok()).unwrap_or(PAGE_DEFAULT))
}

/// The first page of what was found, and whether there is more.
pub(super) fn page(mut found: Vec<Value>, limit: usize) -> (Vec<Value>, bool) {
    let has_more = found.len() > limit;
    found.truncate(limit);
    (found, has_more)
}
