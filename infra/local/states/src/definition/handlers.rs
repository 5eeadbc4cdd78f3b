//! `Retry` and `Catch`: what becomes of an error.

use std::time::Duration;

use serde_json::Value;

use super::{
    DefinitionError, Leave, Place,
    fields::{Fields, text},
};
use crate::{
    expression::Visible,
    limits::SECONDS_MAX,
    state_error::{StateError, error_name},
};

/// What becomes of the errors of a state.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Handlers {
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
}

/// An entry of `Retry`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retrier {
    pub(crate) errors: ErrorNames,
    pub(crate) interval_seconds: u64,
    pub(crate) attempts_max: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) delay_max_seconds: u64,
    pub(crate) has_jitter: bool,
}

/// An entry of `Catch`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Catcher {
    pub(crate) errors: ErrorNames,
    pub(crate) leave: Leave,
}

/// The errors that an entry is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorNames(Vec<String>);

/// The longest delay that a retrier may name, with or without its backoff.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
const DELAY_SECONDS_MAX: u64 = 31_622_399;

impl Handlers {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let retry = entries(fields, "Retry", Retrier::read)?;
        let catch = entries(fields, "Catch", Catcher::read)?;
        Ok(Self { retry, catch })
    }
}

impl Retrier {
    fn read(mut fields: Fields) -> Result<Self, DefinitionError> {
        fields.comment()?;
        let errors = ErrorNames::read(&mut fields)?;
        let interval_seconds = fields.whole("IntervalSeconds", 1..=SECONDS_MAX)?.unwrap_or(1);
        let attempts_max = fields.whole("MaxAttempts", 0..=SECONDS_MAX)?.unwrap_or(3);
        let backoff_rate = fields.number("BackoffRate", 1.0)?.unwrap_or(2.0);
        let delay_max_seconds = fields.whole("MaxDelaySeconds", 1..=DELAY_SECONDS_MAX)?;
        if delay_max_seconds.is_some_and(|most| most < interval_seconds) {
            let place = fields.place().child("MaxDelaySeconds");
            return Err(place.invalid("must not be less than IntervalSeconds"));
        }
        let has_jitter = match fields.text_if_any("JitterStrategy")?.as_deref() {
            None | Some("NONE") => false,
            Some("FULL") => true,
            Some(_) => {
                let place = fields.place().child("JitterStrategy");
                return Err(place.invalid("must be \"FULL\" or \"NONE\""));
            }
        };
        fields.done()?;
        Ok(Self {
            errors,
            interval_seconds,
            attempts_max,
            backoff_rate,
            delay_max_seconds: delay_max_seconds.unwrap_or(DELAY_SECONDS_MAX),
            has_jitter,
        })
    }

    /// The delay before the retry that follows `retries` others by this retrier; `None` if there
    /// have been enough. `jitter` (0 to 1) is how much of the delay is waited, if it has jitter.
    pub(crate) fn delay(&self, retries: u64, jitter: f64) -> Option<Duration> {
        if retries >= self.attempts_max {
            return None;
        }
        let exponent = i32::try_from(retries).unwrap_or(i32::MAX);
        let seconds = self.interval_seconds as f64 * self.backoff_rate.powi(exponent);
        let seconds = seconds.min(self.delay_max_seconds as f64);
        let share = if self.has_jitter { jitter.clamp(0.0, 1.0) } else { 1.0 };
        Some(Duration::from_secs_f64(seconds * share))
    }
}

impl Catcher {
    fn read(mut fields: Fields) -> Result<Self, DefinitionError> {
        fields.comment()?;
        let errors = ErrorNames::read(&mut fields)?;
        let leave = Leave::read_next(&mut fields, Visible::ERROR)?;
        fields.done()?;
        Ok(Self { errors, leave })
    }
}

impl ErrorNames {
    fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let place = fields.place().child("ErrorEquals");
        let items = fields.list("ErrorEquals")?.unwrap_or_default();
        let names: Vec<String> = items
            .into_iter()
            .map(|(place, item)| known(text(item, &place)?, &place))
            .collect::<Result<_, _>>()?;
        if names.is_empty() {
            return Err(place.invalid("must name at least one error"));
        }
        if names.len() > 1 && names.iter().any(|name| name == error_name::ALL) {
            return Err(place.invalid("States.ALL must stand alone"));
        }
        Ok(Self(names))
    }

    fn is_all(&self) -> bool {
        self.0.iter().any(|name| name == error_name::ALL)
    }

    /// Whether an error is one of these.
    pub(crate) fn contain(&self, error: &StateError) -> bool {
        self.0.iter().any(|name| error.is(name))
    }
}

/// A name that could be reported. One that begins with `States.` is Step Functions' own, and a
/// misspelt one would never be matched.
fn known(name: String, place: &Place) -> Result<String, DefinitionError> {
    if name.starts_with("States.") && !error_name::OWN.contains(&name.as_str()) {
        let what = format!("the error name {name}");
        return Err(place.unsupported(what, error_name::OWN.join(", ")));
    }
    Ok(name)
}

/// The entries of `Retry` or `Catch`, of which only the last may be for all errors.
fn entries<T>(
    fields: &mut Fields,
    name: &'static str,
    read: impl Fn(Fields) -> Result<T, DefinitionError>,
) -> Result<Vec<T>, DefinitionError>
where
    T: HasErrors,
{
    let items: Vec<(Place, Value)> = fields.list(name)?.unwrap_or_default();
    let mut entries: Vec<T> = Vec::with_capacity(items.len());
    for (place, item) in items {
        if entries.last().is_some_and(|last| last.errors().is_all()) {
            return Err(place.invalid("stands after States.ALL, which must be last"));
        }
        entries.push(read(Fields::new(place, item)?)?);
    }
    Ok(entries)
}

trait HasErrors {
    fn errors(&self) -> &ErrorNames;
}

impl HasErrors for Retrier {
    fn errors(&self) -> &ErrorNames {
        &self.errors
    }
}

impl HasErrors for Catcher {
    fn errors(&self) -> &ErrorNames {
        &self.errors
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Fields, Retrier};
    use crate::definition::Place;

    fn retrier(more: Value) -> Retrier {
        let mut value = json!({"ErrorEquals": ["States.ALL"]});
        let Value::Object(more) = more else { panic!("an object") };
        value.as_object_mut().unwrap().extend(more);
        Retrier::read(Fields::new(Place::root(), value).unwrap()).unwrap()
    }

    fn seconds(retrier: &Retrier, jitter: f64) -> Vec<f64> {
        let delays = (0..).map_while(|retries| retrier.delay(retries, jitter));
        delays.map(|delay| delay.as_secs_f64()).collect()
    }

    #[test]
    fn by_default_there_are_three_retries_and_each_waits_twice_as_long() {
        assert_eq!(seconds(&retrier(json!({})), 0.5), [1.0, 2.0, 4.0]);
    }

    #[test]
    fn delays_grow_up_to_their_limit() {
        let given = json!({
            "IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 4, "MaxDelaySeconds": 6,
        });
        assert_eq!(seconds(&retrier(given), 0.5), [3.0, 4.5, 6.0, 6.0]);
        let endless = retrier(json!({"MaxAttempts": 99_999_999, "BackoffRate": 10}));
        assert_eq!(endless.delay(99_999_998, 1.0).unwrap().as_secs(), 31_622_399);
    }

    #[test]
    fn with_full_jitter_any_part_of_the_delay_is_waited() {
        let given = retrier(json!({"JitterStrategy": "FULL", "MaxAttempts": 2}));
        assert_eq!(seconds(&given, 0.0), [0.0, 0.0]);
        assert_eq!(seconds(&given, 0.25), [0.25, 0.5]);
        assert_eq!(seconds(&given, 1.0), [1.0, 2.0]);
    }

    #[test]
    fn no_attempts_are_no_retries() {
        assert_eq!(retrier(json!({"MaxAttempts": 0})).delay(0, 1.0), None);
    }
}
