//! The template as production runs it: what AWS accepts and the local stack does not need, and what
//! neither reports until an event is lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod delivery;
mod document;
mod emitted;
mod observed;
mod permissions;
mod rights;
mod routes;
mod services;
mod watched;

use std::collections::BTreeSet;

use document::{Document, attribute, only_if, read, reference};
use serde_json::{Value, json};

/// What can be built again from the event store, and so is not kept.
const REBUILT: [&str; 3] = ["OrderViewsTable", "OrderViewsBTable", "ProjectionsTable"];

#[test]
fn every_parameter_and_output_says_what_it_is() {
    let document = Document::open();
    for section in ["Parameters", "Outputs"] {
        for (name, declared) in document.section(section) {
            let described = declared["Description"].as_str().is_some_and(|it| it.len() > 10);
            assert!(described, "{section}.{name} has no description");
        }
    }
}

#[test]
fn every_table_queue_and_the_bus_can_be_found_from_outside() {
    let document = Document::open();
    let values: BTreeSet<String> =
        document.section("Outputs").values().map(|output| output["Value"].to_string()).collect();
    for (kind, wanted) in [
        ("AWS::DynamoDB::Table", ""),
        ("AWS::SQS::Queue", "DeadLetterQueue"),
        ("AWS::Events::EventBus", ""),
    ] {
        for (id, _) in document.all(kind).iter().filter(|(id, _)| id.ends_with(wanted)) {
            assert!(values.contains(&reference(id).to_string()), "no output names {id}");
        }
    }
}

#[test]
fn every_function_has_logs_that_end_a_timeout_and_a_limit() {
    let document = Document::open();
    let mapped: Vec<&Value> = document
        .all("AWS::Lambda::EventSourceMapping")
        .into_iter()
        .filter(|(_, mapping)| mapping["ScalingConfig"]["MaximumConcurrency"].is_u64())
        .map(|(_, mapping)| &mapping["FunctionName"])
        .collect();
    for (id, function) in document.all("AWS::Serverless::Function") {
        assert!(function["Timeout"].is_u64(), "{id} has Lambda's own timeout");
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str();
        let group = group.unwrap_or_else(|| panic!("{id} writes to no log group of the template"));
        let name = function["FunctionName"]["Fn::Sub"].as_str().unwrap();
        let expected = json!({ "Fn::Sub": format!("/aws/lambda/{name}") });
        assert_eq!(document.resource(group)["Properties"]["LogGroupName"], expected, "{id}");
        let reserved = &function["ReservedConcurrentExecutions"];
        let is_reserved = *reserved == only_if("ReservesConcurrency", &reserved["Fn::If"][1]);
        assert!(is_reserved || mapped.contains(&&reference(id)), "nothing limits {id}");
    }
    for (id, group) in document.all("AWS::Logs::LogGroup") {
        assert_eq!(group["RetentionInDays"], reference("LogRetentionDays"), "{id} keeps for ever");
    }
}

#[test]
fn tables_that_cannot_be_built_again_outlive_the_stack() {
    let document = Document::open();
    let protected = json!({ "Fn::If": ["IsProtected", true, false] });
    for (id, table) in document.all("AWS::DynamoDB::Table") {
        let resource = document.resource(id);
        let policies = (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]);
        if REBUILT.contains(&id) {
            assert_eq!(policies, (&json!("Delete"), &json!("Delete")), "{id}");
        } else {
            // A first deployment that fails must not leave names behind that stop the second.
            assert_eq!(policies, (&json!("RetainExceptOnCreate"), &json!("Retain")), "{id}");
            assert_eq!(table["DeletionProtectionEnabled"], protected, "{id}");
        }
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
        let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        assert_eq!(*recovery, true, "{id}");
        let ttl = table.get("TimeToLiveSpecification").is_some();
        let expires = ["EventIdempotencyTable", "OrderTimelineTable"].contains(&id);
        assert_eq!(ttl, expires, "{id}: only what may be forgotten expires");
    }
}

#[test]
fn a_table_has_a_stream_if_it_is_read() {
    let document = Document::open();
    let mappings = document.all("AWS::Lambda::EventSourceMapping");
    for (id, table) in document.all("AWS::DynamoDB::Table") {
        let stream = attribute(id, "StreamArn");
        let is_read = mappings.iter().any(|(_, mapping)| mapping["EventSourceArn"] == stream);
        assert_eq!(table.get("StreamSpecification").is_some(), is_read, "{id}");
    }
}

#[test]
fn with_a_key_everything_that_holds_data_uses_it() {
    let document = Document::open();
    let key = reference("KmsKeyArn");
    let if_any = only_if("HasKmsKey", &key);
    for (kind, property) in [
        ("AWS::Events::EventBus", "KmsKeyIdentifier"),
        ("AWS::Events::Archive", "KmsKeyIdentifier"),
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
    ] {
        for (id, properties) in document.all(kind) {
            // Its comment says why.
            let exempt = id == "OrderSweeperDeadLetterQueue";
            let uses = properties[property] == if_any;
            assert!(uses != exempt, "{id}.{property} is {}", properties[property]);
        }
    }
    let tables = json!({ "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": key });
    for (id, table) in document.all("AWS::DynamoDB::Table") {
        assert_eq!(table["SSESpecification"], only_if("HasKmsKey", &tables), "{id}");
    }
    for (id, function) in document.all("AWS::Serverless::Function") {
        assert_eq!(function["KmsKeyArn"], if_any, "{id}: environments name the keys of providers");
        // Who writes nothing needs no new data keys.
        let reads_only =
            ["AnalyticsApiFunction", "ProductsFunction", "QueryFunction", "TimelineApiFunction"]
                .contains(&id);
        let policy = if reads_only { "KeyReadPolicy" } else { "KeyUsePolicy" };
        let may = only_if("HasKmsKey", &reference(policy));
        assert!(
            function["Policies"].as_array().unwrap().contains(&may),
            "{id} may not use the key"
        );
    }
}

/// A misspelt name would be noticed by the operator who deploys, long after this was written.
#[test]
fn the_settings_of_the_environments_are_parameters() {
    let document = Document::open();
    let parameters = document.section("Parameters");
    let settings = read("infra/samconfig.toml");
    for environment in ["dev", "prod"] {
        let section = format!("[{environment}.deploy.parameters]");
        let (_, section) = settings.split_once(&section).unwrap();
        let section = section.split("\n[").next().unwrap();
        let overrides = section.lines().filter_map(|line| line.trim().strip_prefix('"'));
        let mut count = 0;
        for line in overrides {
            let (name, value) = line.trim_end_matches([',', '"']).split_once('=').unwrap();
            let parameter = parameters.get(name).unwrap_or_else(|| panic!("{environment}: {name}"));
            let allowed = parameter["AllowedValues"].as_array();
            let is_allowed = |it: &Value| it.to_string().trim_matches('"') == value;
            assert!(allowed.is_none_or(|it| it.iter().any(is_allowed)), "{environment}: {line}");
            count += 1;
        }
        assert!(count > 0, "{environment} sets nothing");
        assert!(section.contains(&format!("tags = \"Project=orderly Environment={environment}\"")));
    }
    assert!(settings.contains("\"DeletionProtection=true\""));
}
