//! Starting, watching and cancelling replays.

use std::{collections::BTreeSet, sync::Arc};

use local_core::{
    AwsError,
    moment::{epoch, from_epoch},
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    describe::{is_listed, page},
    not_found,
};
use crate::{
    archive::Archive,
    arn::{archive_arn, bus_arn, replay_arn},
    replay::{Plan, Replay, State},
    requests::{Query, StartReplay, constraint, required},
    resend,
    state::Inner,
};

/// The replays that may run at once.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>.
const REPLAYS_MAX: usize = 10;
const NAME_CHARACTERS_MAX: usize = 64;

pub(super) fn start(inner: &Arc<Inner>, request: StartReplay) -> Result<Value, AwsError> {
    let plan = plan(inner, request)?;
    let started = plan.started;
    let name = plan.name.clone();
    let replay = Arc::new(Replay::new(plan));
    {
        let mut replays = inner.replays.lock();
        if replays.contains_key(&name) {
            let message = format!("Replay {name} already exists.");
            return Err(AwsError::client("ResourceAlreadyExistsException", message));
        }
        if replays.values().filter(|it| !it.state().is_final()).count() >= REPLAYS_MAX {
            let message = format!("{REPLAYS_MAX} replays are active, which is the most.");
            return Err(AwsError::client("LimitExceededException", message));
        }
        replays.insert(name.clone(), Arc::clone(&replay));
    }
    tokio::spawn(resend::run(replay, Arc::clone(inner)));
    Ok(json!({
        "ReplayArn": replay_arn(&name),
        "State": State::Starting.name(),
        "ReplayStartTime": epoch(started),
    }))
}

fn plan(inner: &Inner, request: StartReplay) -> Result<Plan, AwsError> {
    let name = required("replayName", request.replay_name)?;
    let is_ok = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
    if !(1..=NAME_CHARACTERS_MAX).contains(&name.len()) || !name.chars().all(is_ok) {
        let rule = r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]{1,64}";
        return Err(constraint("replayName", &name, rule));
    }
    let archive_arn = required("eventSourceArn", request.event_source_arn)?;
    let first = moment("eventStartTime", request.event_start_time)?;
    let last = moment("eventEndTime", request.event_end_time)?;
    let destination = required("destination", request.destination)?;
    let bus_arn = required("destination.arn", destination.arn)?;
    let archive = archive(inner, &archive_arn)?;
    let filter_arns = rules(inner, archive, &bus_arn, destination.filter_arns)?;
    if first >= last {
        return Err(invalid("EventEndTime", "EventStartTime must be before EventEndTime"));
    }
    Ok(Plan {
        name,
        description: request.description,
        archive: archive.spec.name.clone(),
        archive_arn,
        bus: archive.spec.bus.clone(),
        bus_arn,
        filter_arns,
        window: (first, last),
        started: inner.options.clock.now(),
    })
}

fn moment(member: &str, seconds: Option<f64>) -> Result<OffsetDateTime, AwsError> {
    let seconds = required(member, seconds)?;
    let out_of_range = || constraint(member, &seconds.to_string(), "Member must be a timestamp");
    from_epoch(seconds).ok_or_else(out_of_range)
}

fn invalid(parameter: &str, reason: &str) -> AwsError {
    AwsError::validation(format!("Parameter {parameter} is not valid. Reason: {reason}."))
}

/// The archive that is replayed: the source is an archive, never a bus.
fn archive<'i>(inner: &'i Inner, arn: &str) -> Result<&'i Archive, AwsError> {
    let Some(name) = arn.strip_prefix(&archive_arn("")) else {
        return Err(invalid("EventSourceArn", "Must contain an archive ARN"));
    };
    let missing = || invalid("EventSourceArn", &format!("Archive {name} does not exist"));
    inner.resources.archives.get(name).ok_or_else(missing)
}

/// The rules that see the replay. They are on the archive's own bus, and so is the replay.
fn rules(
    inner: &Inner,
    archive: &Archive,
    destination: &str,
    filter_arns: Vec<String>,
) -> Result<BTreeSet<String>, AwsError> {
    let Some(name) = destination.strip_prefix(&bus_arn("")) else {
        return Err(invalid("Destination.Arn", "Must contain an event bus ARN"));
    };
    let Some(bus) = inner.resources.buses.get(name) else {
        return Err(not_found(format!("Event bus {name} does not exist.")));
    };
    if name != archive.spec.bus {
        return Err(invalid("Destination.Arn", "Cross event bus replay is not permitted"));
    }
    for arn in &filter_arns {
        if !bus.rules.values().any(|rule| rule.arn == *arn) {
            let reason = format!("{arn} is no rule of event bus {name}");
            return Err(invalid("Destination.FilterArns", &reason));
        }
    }
    Ok(filter_arns.into_iter().collect())
}

fn find(inner: &Inner, name: Option<String>) -> Result<Arc<Replay>, AwsError> {
    let name = required("replayName", name)?;
    let found = inner.replays.lock().get(&name).cloned();
    found.ok_or_else(|| not_found(format!("Replay {name} does not exist.")))
}

pub(super) fn describe(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    find(inner, query.replay_name).map(|replay| replay.description())
}

pub(super) fn cancel(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let replay = find(inner, query.replay_name)?;
    let name = &replay.plan.name;
    if !replay.cancel() {
        let message = format!("Replay {name} is not in a valid state for this operation.");
        return Err(AwsError::client("IllegalStatusException", message));
    }
    Ok(json!({ "ReplayArn": replay_arn(name), "State": State::Cancelling.name() }))
}

pub(super) fn list(inner: &Inner, query: Query) -> Result<Value, AwsError> {
    let is_wanted = |replay: &Replay| {
        let source = query.event_source_arn.as_deref();
        is_listed(&replay.plan.name, &query)
            && query.state.as_deref().is_none_or(|state| state == replay.state().name())
            && source.is_none_or(|arn| arn == replay.plan.archive_arn)
    };
    let replays: Vec<_> = inner.replays.lock().values().cloned().collect();
    let summaries = replays.iter().filter(|it| is_wanted(it)).map(|it| it.summary());
    page("Replays", summaries.collect(), &query)
}
