//! What `GetSchedule` and `ListSchedules` tell of the schedules.
//! Source: <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html>.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use local_core::{AwsError, Clock, Protocol};
use serde_json::{Value, json};

use crate::spec::ScheduleSpec;

/// The group of schedules that are in no other: there are no others here.
const GROUP: &str = "default";
/// The most schedules of one page.
const PAGE_MAX: usize = 100;

/// A schedule as clients are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleDescription {
    /// The schedule.
    pub spec: ScheduleSpec,
    /// Whether it is at work.
    pub enabled: bool,
}

struct Schedules {
    schedules: Vec<ScheduleDescription>,
    created: f64,
}

/// The operations that read schedules.
pub fn router(schedules: Vec<ScheduleDescription>) -> Router {
    let created = Clock::system().since_epoch().as_secs_f64();
    Router::new()
        .route("/schedules", get(list))
        .route("/schedules/{name}", get(one))
        .with_state(Arc::new(Schedules { schedules, created }))
}

type Parameters = Query<BTreeMap<String, String>>;

async fn one(
    State(state): State<Arc<Schedules>>,
    Path(name): Path<String>,
    Query(query): Parameters,
) -> Response {
    let of_group = query.get("groupName").is_none_or(|it| it == GROUP);
    let found = state.schedules.iter().filter(|_| of_group).find(|it| it.spec.name == name);
    found.map_or_else(
        || {
            let message = format!("Schedule {name} does not exist.");
            let error = AwsError::client("ResourceNotFoundException", message);
            Protocol::RestJson.refusal(&AwsError { status: 404, ..error })
        },
        |schedule| Json(schedule.whole(state.created)).into_response(),
    )
}

async fn list(State(state): State<Arc<Schedules>>, Query(query): Parameters) -> Response {
    match state.page(&query) {
        Ok(page) => Json(page).into_response(),
        Err(error) => Protocol::RestJson.refusal(&error),
    }
}

impl Schedules {
    fn page(&self, query: &BTreeMap<String, String>) -> Result<Value, AwsError> {
        let given = |name: &str| query.get(name).map(String::as_str);
        let number = |name: &str, default: usize| {
            let invalid = || AwsError::validation(format!("{name} is no number from 1 to 100"));
            given(name).map_or(Ok(default), |it| it.parse().map_err(|_| invalid()))
        };
        let count = number("MaxResults", PAGE_MAX)?;
        if !(1..=PAGE_MAX).contains(&count) {
            return Err(AwsError::validation("MaxResults is no number from 1 to 100"));
        }
        let from = number("NextToken", 0)?;
        let state = given("State");
        if state.is_some_and(|it| !["ENABLED", "DISABLED"].contains(&it)) {
            return Err(AwsError::validation("State is neither ENABLED nor DISABLED"));
        }
        let of_group = given("ScheduleGroup").is_none_or(|it| it == GROUP);
        let is_wanted = |it: &&ScheduleDescription| {
            of_group
                && given("NamePrefix").is_none_or(|prefix| it.spec.name.starts_with(prefix))
                && state.is_none_or(|state| state == it.state())
        };
        let found: Vec<_> = self.schedules.iter().filter(is_wanted).skip(from).collect();
        let page: Vec<Value> =
            found.iter().take(count).map(|it| it.summary(self.created)).collect();
        let mut answer = json!({ "Schedules": page });
        if found.len() > count {
            answer["NextToken"] = json!((from + count).to_string());
        }
        Ok(answer)
    }
}

impl ScheduleDescription {
    const fn state(&self) -> &'static str {
        if self.enabled { "ENABLED" } else { "DISABLED" }
    }

    fn summary(&self, created: f64) -> Value {
        json!({
            "Arn": self.spec.arn,
            "Name": self.spec.name,
            "GroupName": GROUP,
            "State": self.state(),
            "CreationDate": created,
            "LastModificationDate": created,
            "Target": { "Arn": self.spec.function_arn },
        })
    }

    /// Everything but the role, which a schedule here has none of.
    fn whole(&self, created: f64) -> Value {
        let ScheduleSpec { function_arn, every, input, retry, dead_letter_arn, .. } = &self.spec;
        let mut target = json!({
            "Arn": function_arn,
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": retry.age_max.as_secs(),
                "MaximumRetryAttempts": retry.retries_max,
            },
        });
        if let Some(input) = input {
            target["Input"] = json!(input);
        }
        if let Some(queue) = dead_letter_arn {
            target["DeadLetterConfig"] = json!({ "Arn": queue });
        }
        let mut whole = self.summary(created);
        whole["Target"] = target;
        whole["ScheduleExpression"] = json!(rate(*every));
        whole["ScheduleExpressionTimezone"] = json!("UTC");
        whole["FlexibleTimeWindow"] = json!({ "Mode": "OFF" });
        whole["ActionAfterCompletion"] = json!("NONE");
        whole
    }
}

/// `rate(5 minutes)`, in the largest unit that fits.
fn rate(every: Duration) -> String {
    let minutes = every.as_secs() / 60;
    let (value, unit) = match minutes {
        days if days > 0 && days % 1_440 == 0 => (days / 1_440, "day"),
        hours if hours > 0 && hours % 60 == 0 => (hours / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    let plural = if value == 1 { "" } else { "s" };
    format!("rate({value} {unit}{plural})")
}

#[cfg(test)]
mod tests {
    use local_core::RetryPolicy;

    use super::*;

    fn schedules() -> Schedules {
        let description = |name: &str, enabled| ScheduleDescription {
            spec: ScheduleSpec {
                name: name.to_owned(),
                arn: format!("arn:aws:scheduler:us-east-1:000000000000:schedule/default/{name}"),
                function_arn: "arn:aws:lambda:us-east-1:000000000000:function:sweep".to_owned(),
                every: Duration::from_secs(300),
                input: Some("{}".to_owned()),
                retry: RetryPolicy::default(),
                dead_letter_arn: Some("arn:aws:sqs:us-east-1:000000000000:dead".to_owned()),
            },
            enabled,
        };
        let schedules = vec![description("sweep", true), description("count", false)];
        Schedules { schedules, created: 1.0 }
    }

    fn page(query: &[(&str, &str)]) -> Result<Value, AwsError> {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        schedules().page(&query.collect())
    }

    #[test]
    fn a_schedule_is_told_of_whole() {
        let whole = schedules().schedules[0].whole(1.0);
        assert_eq!(whole["State"], "ENABLED");
        assert_eq!(whole["ScheduleExpression"], "rate(5 minutes)");
        assert_eq!(whole["Target"]["Input"], "{}");
        assert!(whole["Target"]["DeadLetterConfig"]["Arn"].as_str().unwrap().ends_with("dead"));
    }

    #[test]
    fn schedules_are_listed_page_by_page() {
        let names = |page: &Value| {
            let list = page["Schedules"].as_array().unwrap().iter();
            list.map(|it| it["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let first = page(&[("MaxResults", "1")]).unwrap();
        assert_eq!(names(&first), ["sweep"]);
        let token = first["NextToken"].as_str().unwrap();
        let second = page(&[("MaxResults", "1"), ("NextToken", token)]).unwrap();
        assert_eq!((names(&second), second.get("NextToken")), (vec!["count".to_owned()], None));
        assert_eq!(names(&page(&[("State", "DISABLED")]).unwrap()), ["count"]);
        assert_eq!(names(&page(&[("NamePrefix", "sw")]).unwrap()), ["sweep"]);
        assert!(names(&page(&[("ScheduleGroup", "others")]).unwrap()).is_empty());
        for wrong in [("MaxResults", "0"), ("MaxResults", "x"), ("NextToken", "x"), ("State", "ON")]
        {
            assert_eq!(page(&[wrong]).unwrap_err().code, "ValidationException", "{wrong:?}");
        }
    }

    #[test]
    fn a_rate_has_the_largest_unit_that_fits() {
        for (minutes, written) in
            [(1, "rate(1 minute)"), (90, "rate(90 minutes)"), (60, "rate(1 hour)")]
        {
            assert_eq!(rate(Duration::from_secs(minutes * 60)), written);
        }
        assert_eq!(rate(Duration::from_secs(172_800)), "rate(2 days)");
    }
}
