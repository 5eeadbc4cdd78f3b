//! What there is: buses, rules, targets, archives.

use std::sync::Arc;

use local_core::{AwsError, moment::epoch};
use serde_json::{Value, json};

use super::not_found;
use crate::{
    archive::Archive,
    arn::{DEFAULT_BUS, archive_arn, bus_arn, name_of},
    requests::{Query, constraint, required},
    spec::TargetSpec,
    state::Inner,
    topology::{Bus, Rule},
};

/// How many items a list has at most.
const LIMIT_MAX: usize = 100;

/// One page of a list under the key `name`.
pub(super) fn page(name: &str, items: Vec<Value>, query: &Query) -> Result<Value, AwsError> {
    let limit = query.limit.unwrap_or(LIMIT_MAX);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let range = format!("Member must have value from 1 to {LIMIT_MAX}");
        return Err(constraint("limit", &limit.to_string(), &range));
    }
    let token = query.next_token.as_deref().map(str::parse::<usize>).transpose();
    let start = token.map_err(|_| AwsError::validation("NextToken is not one of ListX's"))?;
    let start = start.unwrap_or_default();
    let end = start.saturating_add(limit);
    let has_more = items.len() > end;
    let items: Vec<_> = items.into_iter().skip(start).take(limit).collect();
    let mut response = json!({ name: items });
    if has_more {
        response["NextToken"] = json!(end.to_string());
    }
    Ok(response)
}

/// Whether a list that is asked for a prefix has `name`.
pub(super) fn is_listed(name: &str, query: &Query) -> bool {
    query.name_prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
}

fn bus<'b>(inner: &'b Inner, name: Option<&str>) -> Result<(String, &'b Bus), AwsError> {
    let name = name.map_or(DEFAULT_BUS, |name| name_of("event-bus", name));
    let found = inner.resources.buses.get(name);
    let bus = found.ok_or_else(|| not_found(format!("Event bus {name} does not exist.")))?;
    Ok((name.to_owned(), bus))
}

pub(super) fn event_buses(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let names = inner.resources.buses.keys().filter(|name| is_listed(name, &query));
    page("EventBuses", names.map(|name| bus_summary(inner, name)).collect(), &query)
}

pub(super) fn event_bus(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let (name, _) = bus(inner, query.name.as_deref())?;
    Ok(bus_summary(inner, &name))
}

fn bus_summary(inner: &Inner, name: &str) -> Value {
    json!({
        "Name": name,
        "Arn": bus_arn(name),
        "CreationTime": epoch(inner.created),
        "LastModifiedTime": epoch(inner.created),
    })
}

pub(super) fn rules(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let (_, bus) = bus(inner, query.event_bus_name.as_deref())?;
    let rules = bus.rules.values().filter(|rule| is_listed(&rule.spec.name, &query));
    page("Rules", rules.map(|rule| rule_summary(rule)).collect(), &query)
}

pub(super) fn rule(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let name = required("name", query.name)?;
    find_rule(inner, &name, query.event_bus_name.as_deref()).map(|rule| rule_summary(&rule))
}

fn find_rule(inner: &Inner, name: &str, bus_name: Option<&str>) -> Result<Arc<Rule>, AwsError> {
    let (bus_name, bus) = bus(inner, bus_name)?;
    let missing = || not_found(format!("Rule {name} does not exist on EventBus {bus_name}."));
    bus.rules.get(name).cloned().ok_or_else(missing)
}

fn rule_summary(rule: &Rule) -> Value {
    json!({
        "Name": rule.spec.name,
        "Arn": rule.arn,
        "EventBusName": rule.spec.bus,
        "EventPattern": rule.spec.pattern.to_string(),
        "State": if rule.spec.enabled { "ENABLED" } else { "DISABLED" },
    })
}

pub(super) fn targets(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let name = required("rule", query.rule.clone())?;
    let rule = find_rule(inner, &name, query.event_bus_name.as_deref())?;
    page("Targets", rule.spec.targets.iter().map(target_summary).collect(), &query)
}

fn target_summary(target: &TargetSpec) -> Value {
    let mut summary = json!({
        "Id": target.id,
        "Arn": target.arn,
        "RetryPolicy": {
            "MaximumEventAgeInSeconds": target.retry.age_max.as_secs(),
            "MaximumRetryAttempts": target.retry.retries_max,
        },
    });
    if let Some(arn) = &target.dead_letter_arn {
        summary["DeadLetterConfig"] = json!({ "Arn": arn });
    }
    summary
}

pub(super) fn archives(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    if let Some(arn) = &query.event_source_arn {
        bus(inner, Some(arn))?;
    }
    let is_of_bus = |archive: &Archive| {
        let wanted = query.event_source_arn.as_deref();
        wanted.is_none_or(|arn| arn == bus_arn(&archive.spec.bus))
    };
    let is_in_state = query.state.as_deref().is_none_or(|state| state == "ENABLED");
    let archives = inner
        .resources
        .archives
        .values()
        .filter(|it| is_in_state && is_of_bus(it) && is_listed(&it.spec.name, &query));
    page("Archives", archives.map(|it| archive_summary(inner, it)).collect(), &query)
}

pub(super) fn archive(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let name = required("archiveName", query.archive_name)?;
    let found = inner.resources.archives.get(&name);
    let archive = found.ok_or_else(|| not_found(format!("Archive {name} does not exist.")))?;
    let mut description = archive_summary(inner, archive);
    description["ArchiveArn"] = json!(archive_arn(&name));
    if let Some(pattern) = &archive.spec.pattern {
        description["EventPattern"] = json!(pattern.to_string());
    }
    Ok(description)
}

fn archive_summary(inner: &Inner, archive: &Archive) -> Value {
    let (events, bytes) = archive.size(inner.options.clock.now());
    json!({
        "ArchiveName": archive.spec.name,
        "EventSourceArn": bus_arn(&archive.spec.bus),
        "State": "ENABLED",
        "RetentionDays": archive.spec.retention_days,
        "EventCount": events,
        "SizeBytes": bytes,
        "CreationTime": epoch(inner.created),
    })
}
