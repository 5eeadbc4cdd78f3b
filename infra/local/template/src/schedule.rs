//! Schedules: functions that EventBridge Scheduler invokes again and again.

use std::time::Duration;

use serde::de::IgnoredAny;

use crate::{
    bus::{RetryPolicy, dead_letter_arn, retry_policy},
    error::{Place, TemplateError},
    physical::arn,
    properties::Properties,
    resolver::Resolver,
};

const NAME_CHARACTERS_MAX: usize = 64;

/// The function that events invoke.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invoked<'a> {
    pub(crate) logical_id: &'a str,
    pub(crate) name: &'a str,
}

/// A `ScheduleV2` event of a function, at a rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The name of the resource that SAM makes of it: those of the function and of the event.
    pub logical_id: String,
    /// Its name in EventBridge Scheduler.
    pub name: String,
    /// Its ARN, which the default payload names.
    pub arn: String,
    /// The name of the function that it invokes.
    pub function: String,
    /// Whether it is at work.
    pub enabled: bool,
    /// The time from one invocation to the next.
    pub every: Duration,
    /// The payload, which is JSON; Scheduler's default if not given.
    pub input: Option<String>,
    /// How long and how often an *invocation* is tried again that was not accepted. What the
    /// function then does is no concern of the schedule.
    pub retry: RetryPolicy,
    /// ARN of the queue for invocations that were never accepted. Without one they are lost.
    pub dead_letter_arn: Option<String>,
}

/// The properties of the event `event`. Times of day are not followed, so that neither are the
/// properties that only they need: time zone, flexible time window, start and end.
///
/// Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedulev2.html>.
pub(crate) fn read(
    function: Invoked<'_>,
    event: &str,
    resolver: &Resolver<'_>,
    mut properties: Properties,
) -> Result<Schedule, TemplateError> {
    window_is_off(&mut properties)?;
    let logical_id = format!("{}{event}", function.logical_id);
    let name = name(&logical_id, resolver, &mut properties)?;
    let schedule = Schedule {
        arn: arn("scheduler", &format!("schedule/default/{name}")),
        name,
        function: function.name.to_owned(),
        enabled: properties
            .choice("State", &[("ENABLED", true), ("DISABLED", false)])?
            .unwrap_or(true),
        every: rate(&mut properties)?,
        input: input(&mut properties)?,
        retry: retry_policy(&mut properties)?,
        dead_letter_arn: dead_letter_arn(&mut properties)?,
        logical_id,
    };
    properties.pass_over(&["Description", "KmsKeyArn", "PermissionsBoundary", "RoleArn"]);
    properties.done()?;
    Ok(schedule)
}

/// SAM names a schedule like its resource, unless it is to leave the name to CloudFormation.
fn name(
    logical_id: &str,
    resolver: &Resolver<'_>,
    properties: &mut Properties,
) -> Result<String, TemplateError> {
    let place = properties.place().child("Name");
    let omitted = properties.flag("OmitName")?.unwrap_or(false);
    let name = match (properties.text_if_any("Name")?, omitted) {
        (Some(_), true) => return Err(place.invalid("is given although OmitName is true")),
        (Some(name), false) => name,
        (None, true) => format!("{}-{logical_id}", resolver.options.stack_name),
        (None, false) => logical_id.to_owned(),
    };
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if (1..=NAME_CHARACTERS_MAX).contains(&name.len()) && name.chars().all(allowed) {
        Ok(name)
    } else {
        let problem = format!("{name:?} must be 1 to {NAME_CHARACTERS_MAX} of 0-9a-zA-Z-_.");
        Err(place.invalid(problem))
    }
}

fn window_is_off(properties: &mut Properties) -> Result<(), TemplateError> {
    let Some(mut window) = properties.object("FlexibleTimeWindow")? else { return Ok(()) };
    let mode = window.text("Mode")?;
    if mode != "OFF" {
        let problem = format!("is {mode}, only OFF is followed on one machine");
        return Err(window.place().child("Mode").invalid(problem));
    }
    window.done()
}

fn rate(properties: &mut Properties) -> Result<Duration, TemplateError> {
    let expression = properties.text("ScheduleExpression")?;
    let place = properties.place().child("ScheduleExpression");
    parse_rate(&expression, &place)
}

/// `rate(5 minutes)`. One of a unit is singular and several are plural: rules of EventBridge
/// insist on it, and for Scheduler it is right as well.
///
/// Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>,
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>.
fn parse_rate(expression: &str, place: &Place) -> Result<Duration, TemplateError> {
    let rate = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    let Some(rate) = rate else {
        let problem = format!("is {expression}, only rate(…) is followed on one machine");
        return Err(place.invalid(problem));
    };
    let wrong = || {
        let problem = format!(
            "is {expression}, must be such as rate(1 minute), rate(5 minutes), rate(2 hours)"
        );
        place.invalid(problem)
    };
    let (value, unit) = rate.split_once(' ').ok_or_else(wrong)?;
    let digits = !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit());
    let value: u32 = value.parse().ok().filter(|it| digits && *it > 0).ok_or_else(wrong)?;
    let seconds: u64 = match (value, unit) {
        (1, "minute") | (2.., "minutes") => 60,
        (1, "hour") | (2.., "hours") => 60 * 60,
        (1, "day") | (2.., "days") => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_secs(seconds * u64::from(value)))
}

/// A function's payload must be JSON:
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html>.
fn input(properties: &mut Properties) -> Result<Option<String>, TemplateError> {
    let place = properties.place().child("Input");
    let input = properties.text_if_any("Input")?;
    if let Some(input) = &input {
        serde_json::from_str::<IgnoredAny>(input)
            .map_err(|error| place.invalid(format!("is not JSON: {error}")))?;
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_minutes_hours_or_days() {
        let place = Place::at("Sweep");
        for (expression, seconds) in [
            ("rate(1 minute)", 60),
            ("rate(5 minutes)", 300),
            ("rate(1 hour)", 3_600),
            ("rate(36 hours)", 129_600),
            ("rate(1 day)", 86_400),
            ("rate(7 days)", 604_800),
        ] {
            let every = parse_rate(expression, &place).unwrap();
            assert_eq!(every, Duration::from_secs(seconds), "{expression}");
        }
        for wrong in [
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "rate(+5 minutes)",
            "rate(5 seconds)",
            "rate(5minutes)",
            "rate(5 minutes",
            "rate(99999999999 days)",
            "cron(0 12 * * ? *)",
            "at(2026-11-23T12:00:00)",
        ] {
            let error = parse_rate(wrong, &place).unwrap_err().to_string();
            assert!(error.starts_with("Sweep: is ") && error.contains(wrong), "{error}");
        }
    }
}
