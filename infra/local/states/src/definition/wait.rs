//! Waits.

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    DefinitionError, Leave,
    fields::{Fields, require},
};
use crate::{
    expression::{Template, Visible},
    limits::SECONDS_MAX,
};

/// Waits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wait {
    pub(crate) until: Until,
    pub(crate) leave: Leave,
}

/// For how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Until {
    Seconds(Template),
    Timestamp(Template),
}

impl Wait {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let (seconds_place, timestamp_place) =
            (fields.place().child("Seconds"), fields.place().child("Timestamp"));
        let seconds = fields.template("Seconds", Visible::INPUT)?;
        let timestamp = fields.template("Timestamp", Visible::INPUT)?;
        let is_seconds = |value: &Value| value.as_u64().is_some_and(|it| it <= SECONDS_MAX);
        let problem = "must be a whole number 0 to 99999999, or an expression";
        let seconds = require(seconds, &seconds_place, problem, is_seconds)?;
        let is_timestamp = |value: &Value| value.as_str().and_then(parse_timestamp).is_some();
        let problem = "must be a timestamp like \"2026-11-23T12:00:00Z\", or an expression";
        let timestamp = require(timestamp, &timestamp_place, problem, is_timestamp)?;
        let until = match (seconds, timestamp) {
            (Some(seconds), None) => Until::Seconds(seconds),
            (None, Some(timestamp)) => Until::Timestamp(timestamp),
            (Some(_), Some(_)) | (None, None) => {
                return Err(fields.place().invalid("must have either Seconds or Timestamp"));
            }
        };
        Ok(Self { until, leave: Leave::read(fields, Visible::INPUT)? })
    }
}

/// A moment in RFC 3339, with a capital `T` and, for UTC, a capital `Z`.
pub(crate) fn parse_timestamp(text: &str) -> Option<OffsetDateTime> {
    let is_strict = text.contains('T') && !text.contains('z');
    OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| is_strict)
}
