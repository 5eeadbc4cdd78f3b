//! What is watched is reported, and what may fail is watched.
//!
//! An alarm or a dashboard names a metric by its name and its dimensions, and reports nothing if no
//! code writes it. Here both are held to the code: to the fields that metrics are made of, and to
//! the functions that the code is compiled into.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    document::{Document, MODES, attribute, read, reference, resolved, root},
    emitted::{emitted, packages, services, sources},
};

/// The namespace of what functions write.
const OURS: &str = "AWS::StackName";

/// A metric as an alarm or a dashboard names it.
#[derive(Debug)]
struct Named {
    by: String,
    metric: String,
    /// The dimensions, with their values where they are given.
    dimensions: BTreeMap<String, Option<String>>,
}

/// What is named of our own metrics.
fn named(document: &Document) -> Vec<Named> {
    let mut named = Vec::new();
    for (id, alarm) in document.all("AWS::CloudWatch::Alarm") {
        let of_math = alarm["Metrics"].as_array().into_iter().flatten();
        let of_math = of_math.map(|it| &it["MetricStat"]["Metric"]);
        for metric in of_math.chain([alarm]).filter(|it| it["Namespace"] == reference(OURS)) {
            let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
            let dimensions = dimensions.map(|it| {
                let value = it["Value"].as_str().map(str::to_owned);
                (it["Name"].as_str().unwrap().to_owned(), value)
            });
            let metric = metric["MetricName"].as_str().unwrap().to_owned();
            named.push(Named { by: id.to_owned(), metric, dimensions: dimensions.collect() });
        }
    }
    for widget in widgets(document) {
        let by = widget["properties"]["title"].as_str().unwrap().to_owned();
        for row in widget["properties"]["metrics"].as_array().unwrap() {
            named.extend(shown(row, &by));
        }
    }
    named
}

fn shown(row: &Value, by: &str) -> Option<Named> {
    let by = by.to_owned();
    let texts: Vec<&str> = row.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    if let [namespace, metric, dimensions @ ..] = &texts[..] {
        let pair = |pair: &[&str]| (pair[0].to_owned(), Some(pair[1].to_owned()));
        let dimensions = dimensions.chunks(2).map(pair).collect();
        let ours = *namespace == format!("${{{OURS}}}");
        return ours.then(|| Named { by, metric: (*metric).to_owned(), dimensions });
    }
    // SEARCH('{"namespace",Service,Currency} MetricName="PaidAmount"', 'Sum', 60)
    let expression = row[0]["expression"].as_str().unwrap();
    let (_, search) = expression.split_once("SEARCH('{\"${AWS::StackName}\",")?;
    let (dimensions, rest) = search.split_once("} MetricName=\"").unwrap();
    let metric = rest.split('"').next().unwrap().to_owned();
    let dimensions = dimensions.split(',').map(|it| (it.to_owned(), None)).collect();
    Some(Named { by, metric, dimensions })
}

fn widgets(document: &Document) -> Vec<Value> {
    let [(_, dashboard)] = document.all("AWS::CloudWatch::Dashboard")[..] else {
        panic!("one dashboard")
    };
    let body = dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    body["widgets"].as_array().unwrap().clone()
}

/// Metrics that a filter makes of log lines.
fn filtered(document: &Document) -> BTreeSet<String> {
    let filters = document.all("AWS::Logs::MetricFilter").into_iter();
    let made = filters.flat_map(|(_, it)| it["MetricTransformations"].as_array().unwrap().iter());
    made.map(|it| it["MetricName"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_alarms_and_dashboard_name_is_written_by_the_function_they_name() {
    let (document, packages) = (Document::open(), packages());
    let (emitted, filtered) = (emitted(&packages), filtered(&document));
    let named = named(&document);
    assert!(named.len() > 60);
    for Named { by, metric, dimensions } in named {
        if dimensions.is_empty() && filtered.contains(&metric) {
            continue;
        }
        let further: BTreeSet<String> =
            dimensions.keys().filter(|it| *it != "Service").cloned().collect();
        assert!(dimensions.contains_key("Service"), "{by}: {metric} is there by service only");
        // Each metric is there by its service alone, and with all its dimensions.
        let writers = emitted
            .iter()
            .filter(|it| it.metric == metric && (further.is_empty() || it.dimensions == further));
        let services: BTreeSet<String> =
            writers.flat_map(|it| services(&packages, &it.package)).collect();
        assert!(!services.is_empty(), "{by}: no code writes {metric} with {further:?}");
        if let Some(Some(service)) = dimensions.get("Service") {
            assert!(services.contains(service), "{by}: {service} does not write {metric}");
        }
    }
}

#[test]
fn the_names_by_which_functions_tell_of_themselves_are_those_of_their_binaries() {
    for function in resolved("orchestration").functions {
        let sources = sources(&root().join("functions"));
        let started = format!("lambda::run(\"{}\",", function.binary);
        let starts = sources.iter().filter(|it| it.contains(&started));
        assert_eq!(starts.count(), 1, "{} reports by another name", function.binary);
    }
}

/// The alarms that look at `metric` of what `dimension` names.
fn alarms<'a>(document: &'a Document, metric: &str, dimension: &Value) -> Vec<&'a Value> {
    let looks = |metric_of: &Value| {
        let dimensions = metric_of["Dimensions"].as_array();
        metric_of["MetricName"] == metric && dimensions.is_some_and(|it| it.contains(dimension))
    };
    let alarms = document.all("AWS::CloudWatch::Alarm").into_iter().map(|(_, alarm)| alarm);
    let looking = alarms.filter(|alarm| {
        let parts = alarm["Metrics"].as_array().into_iter().flatten();
        looks(alarm) || parts.into_iter().any(|it| looks(&it["MetricStat"]["Metric"]))
    });
    looking.collect()
}

#[test]
fn every_queue_function_and_stream_has_its_alarms() {
    let document = Document::open();
    let require = |metric: &str, dimension: Value| {
        let found = alarms(&document, metric, &dimension);
        assert!(!found.is_empty(), "no alarm on {metric} of {dimension}");
    };
    for (id, _) in document.all("AWS::SQS::Queue") {
        let queue = json!({ "Name": "QueueName", "Value": attribute(id, "QueueName") });
        let is_last = id.ends_with("DeadLetterQueue");
        let (full, old) = ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage");
        require(if is_last { full } else { old }, queue);
    }
    for (id, function) in document.all("AWS::Serverless::Function") {
        let dimension = json!({ "Name": "FunctionName", "Value": reference(id) });
        require("Errors", dimension.clone());
        require("Throttles", dimension);
        let has_queue = function["Environment"]["Variables"].get("QUEUE_URL").is_some();
        if has_queue {
            let name = function["FunctionName"]["Fn::Sub"].as_str().unwrap();
            let service = name.strip_prefix("${AWS::StackName}-").unwrap();
            require("EventAgeMs", json!({ "Name": "Service", "Value": service }));
        }
    }
    for (_, mapping) in document.all("AWS::Lambda::EventSourceMapping") {
        if mapping.get("StartingPosition").is_some() {
            // Lambda reports the age by function, the highest of all its streams.
            let function = &mapping["FunctionName"];
            require("IteratorAge", json!({ "Name": "FunctionName", "Value": function }));
        }
    }
    require("5xx", json!({ "Name": "ApiId", "Value": reference("HttpApi") }));
}

/// One message is too many where money, goods, or the publishing of everything hang on it.
#[test]
fn what_money_hangs_on_is_told_of_at_once() {
    let document = Document::open();
    for id in ["Payment", "Order", "Shipping", "Relay", "Delivery"] {
        let queue = attribute(&format!("{id}DeadLetterQueue"), "QueueName");
        let dimension = json!({ "Name": "QueueName", "Value": queue });
        for alarm in alarms(&document, "ApproximateNumberOfMessagesVisible", &dimension) {
            assert_eq!(alarm["Threshold"], 1, "{id}");
            assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold", "{id}");
        }
    }
}

#[test]
fn an_alarm_has_a_topic_an_instruction_and_a_meaning_of_missing_data() {
    let (document, runbook) = (Document::open(), read("infra/RUNBOOK.md"));
    for (id, alarm) in document.all("AWS::CloudWatch::Alarm") {
        assert_eq!(alarm["AlarmActions"], json!([reference("AlarmTopic")]), "{id}");
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let entry =
            description.rsplit_once("Runbook: ").map(|(_, entry)| entry.trim_end_matches('.'));
        let entry = entry.unwrap_or_else(|| panic!("{id} names no entry of the runbook"));
        assert!(runbook.contains(&format!("\n## {entry}\n")), "{id}: no entry {entry:?}");
        assert!(alarm["TreatMissingData"].is_string(), "{id}");
        let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
        assert!(name.starts_with("${AWS::StackName}-"), "{id}");
    }
}

#[test]
fn the_dashboard_is_laid_out_and_names_what_is_there() {
    let document = Document::open();
    let mut taken = BTreeSet::new();
    for widget in widgets(&document) {
        let place = |name: &str| widget[name].as_u64().unwrap();
        assert!(place("x") + place("width") <= 24, "{widget}");
        assert!(taken.insert((place("y"), place("x"))), "two widgets in one place: {widget}");
    }
    let [(_, dashboard)] = document.all("AWS::CloudWatch::Dashboard")[..] else { panic!() };
    let body = dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    // It is deployed before what it shows, and so knows it by name.
    for template in MODES.map(resolved) {
        let functions = template.functions.iter().map(|it| &it.name);
        let queues = template.queues.iter().map(|it| &it.name);
        let there: BTreeSet<_> =
            functions.chain(queues).chain(template.tables.iter().map(|it| &it.name)).collect();
        let named = body.split("${AWS::StackName}-").skip(1);
        let named: BTreeSet<_> =
            named.map(|it| format!("orderly-{}", it.split('"').next().unwrap())).collect();
        assert!(named.len() > 20, "{named:?}");
        assert!(named.iter().all(|it| there.contains(it)), "{named:?} are not all in {there:?}");
    }
}
