//! From a rule to a dead-letter queue: nothing on the way may be missing, or too short.

use std::time::Duration;

use local_template::{Source, Template};
use serde_json::{Value, json};

use crate::document::{Document, MODES, attribute, reference, resolved};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Refuses an ARN that is not of a dead-letter queue, or keeps messages for less than there is.
#[track_caller]
fn require_dead_letters(template: &Template, arn: Option<&str>, of: &str) {
    let arn = arn.unwrap_or_else(|| panic!("{of} loses what fails"));
    let queue = template.queue(arn).unwrap();
    assert_eq!(queue.retention, 14 * DAY, "{}", queue.logical_id);
    assert_eq!(queue.redrive, None, "{} is a dead-letter queue itself", queue.logical_id);
}

/// Those whom the alarms notify have to learn of what waits there: nothing else looks.
#[test]
fn messages_in_a_dead_letter_queue_raise_an_alarm() {
    let document = Document::open();
    let alarms = document.all("AWS::CloudWatch::Alarm");
    let queues = document.all("AWS::SQS::Queue").into_iter();
    let mut count = 0;
    for (id, _) in queues.filter(|(id, _)| id.ends_with("DeadLetterQueue")) {
        count += 1;
        let dimension = json!({ "Name": "QueueName", "Value": attribute(id, "QueueName") });
        let is_watched = alarms.iter().any(|(_, alarm)| {
            let looks =
                |list: &Value, wanted| list.as_array().is_some_and(|it| it.contains(wanted));
            alarm["Namespace"] == "AWS/SQS"
                && alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
                && looks(&alarm["Dimensions"], &dimension)
                && looks(&alarm["AlarmActions"], &reference("AlarmTopic"))
        });
        assert!(is_watched, "no alarm watches the messages in {id}");
    }
    assert!(count > 9);
}

#[test]
fn from_every_rule_to_its_dead_letters_nothing_is_missing() {
    for template in MODES.map(resolved) {
        assert!(template.rules.len() > 10);
        for rule in &template.rules {
            let [target] = rule.targets.as_slice() else { panic!("{}", rule.logical_id) };
            require_dead_letters(&template, target.dead_letter_arn.as_deref(), &rule.logical_id);
            let queue = template.queue(&target.arn).unwrap();
            let id = &queue.logical_id;
            let redrive = queue.redrive.as_ref().unwrap_or_else(|| panic!("{id} tries for ever"));
            assert!(redrive.receives_max >= 5, "{id} drops messages too soon");
            require_dead_letters(&template, Some(&redrive.dead_letter_arn), id);
            // A dead letter's age counts from its first sending.
            assert!(queue.retention <= 7 * DAY, "{id} leaves its dead letters no time");
            assert!(
                template.mappings.iter().any(|it| it.source.arn() == queue.arn),
                "no function works on {id}"
            );
        }
    }
}

#[test]
fn a_message_stays_hidden_for_six_timeouts_and_failures_are_told_one_by_one() {
    for template in MODES.map(resolved) {
        for mapping in &template.mappings {
            let id = &mapping.logical_id;
            assert!(mapping.reports_item_failures, "{id} hands back whole batches");
            let function = template.function(&mapping.function).unwrap();
            let Source::Queue { arn, concurrency_max } = &mapping.source else { continue };
            let hidden = template.queue(arn).unwrap().visibility_timeout;
            assert!(hidden >= 6 * function.timeout, "{id}: hidden for {hidden:?} only");
            assert!(concurrency_max.is_some(), "{id} takes all that the account has");
        }
    }
}

#[test]
fn a_stream_splits_what_fails_abandons_it_in_time_and_says_where() {
    let template = resolved("choreography");
    let mut streams = 0;
    for mapping in &template.mappings {
        let Source::Stream { bisects, retries_max, age_max, on_failure_arn, .. } = &mapping.source
        else {
            continue;
        };
        let id = &mapping.logical_id;
        streams += 1;
        assert!(*bisects && retries_max.is_some(), "{id} waits behind one bad record");
        // What is set aside are places in the stream, which forgets after a day.
        assert!(age_max.is_some_and(|age| age <= DAY / 2), "{id} discards records too late");
        require_dead_letters(&template, on_failure_arn.as_deref(), id);
    }
    assert_eq!(streams, 5);
}

#[test]
fn a_schedule_and_what_it_invokes_say_what_they_gave_up() {
    let template = resolved("choreography");
    assert!(!template.schedules.is_empty());
    for schedule in &template.schedules {
        let id = &schedule.logical_id;
        let function = template.function(&schedule.function).unwrap();
        for arn in [&schedule.dead_letter_arn, &function.async_invoke.on_failure_arn] {
            require_dead_letters(&template, arn.as_deref(), id);
        }
    }
}

#[test]
fn the_api_slows_down_and_logs_a_line_a_request_without_its_caller() {
    let document = Document::open();
    let [(_, api)] = document.all("AWS::ApiGatewayV2::Stage")[..] else { panic!() };
    let limits = &api["DefaultRouteSettings"];
    assert_eq!(limits["ThrottlingRateLimit"], reference("ApiRequestsPerSecond"));
    assert_eq!(limits["ThrottlingBurstLimit"], reference("ApiBurst"));
    let log = &api["AccessLogSettings"];
    assert_eq!(log["DestinationArn"], attribute("HttpApiLogGroup", "Arn"));
    let format: Value = log["Format"].as_str().unwrap().parse().unwrap();
    let fields = format.as_object().unwrap();
    // API Gateway asks for the one; a log without the others explains nothing.
    for needed in ["$context.requestId", "$context.routeKey", "$context.status"] {
        assert!(fields.values().any(|it| it == needed), "{needed}");
    }
    for (field, value) in fields {
        let value = value.as_str().unwrap();
        let personal = ["sourceIp", "userAgent", "claims", "caller", "identity", "path"];
        assert!(
            !personal.iter().any(|it| value.contains(it)),
            "{field} may name a person: {value}"
        );
        // API Gateway escapes nothing: a quote in a text would end its value.
        let free_text = ["error.message", "ErrorMessage", "authorizer.error", "integration.error"];
        assert!(
            !free_text.iter().any(|it| value.contains(it)),
            "{field} may hold a quote: {value}"
        );
    }
}
