//! Policies: what they allow and deny, and which are not read.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use local_iam::{
    Caller, Reason, Request, Role, Statement, decide, identity_policy, resource_policy,
};
use serde_json::{Value, json};

const SHELF: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/shelf";

fn role(name: &str) -> Role {
    Role { arn: format!("arn:aws:iam::000000000000:role/{name}"), ..Role::default() }
}

fn read(statements: Value) -> Vec<Statement> {
    identity_policy(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

fn decided(statements: Value, request: &Request) -> Result<(), Reason> {
    let role = role("picker");
    let caller = Caller::Role { role: &role, session: "picker" };
    decide(&caller, &read(statements), &[], request)
}

fn put(keys: &[&str]) -> Request {
    Request::new("dynamodb:PutItem", SHELF).with("dynamodb:LeadingKeys", keys.iter().copied())
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

#[test]
fn what_nothing_allows_is_refused_and_what_something_denies_whatever_allows_it() {
    let deny = json!({ "Effect": "Deny", "Action": "dynamodb:Put*", "Resource": "*" });
    let request = put(&["a"]);
    assert_eq!(decided(json!([]), &request), Err(Reason::NothingAllows));
    assert_eq!(decided(allow("dynamodb:PutItem", SHELF), &request), Ok(()));
    let both = json!([allow("dynamodb:PutItem", SHELF), deny]);
    assert_eq!(decided(both, &request), Err(Reason::DeniedByIdentity));
}

#[test]
fn actions_have_wildcards_and_no_case_and_resources_have_case() {
    let request = put(&["a"]);
    for (action, resource, allowed) in [
        ("dynamodb:*", SHELF, true),
        ("DynamoDB:putITEM", SHELF, true),
        ("dynamodb:P?tItem", "*", true),
        ("*", "arn:aws:dynamodb:*:*:table/*", true),
        ("dynamodb:PutItems", SHELF, false),
        ("sqs:*", "*", false),
        ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:000000000000:table/Shelf", false),
        ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:000000000000:table/shelf/index/*", false),
    ] {
        let decided = decided(allow(action, resource), &request);
        assert_eq!(decided.is_ok(), allowed, "{action} on {resource}");
    }
}

fn with(condition: Value) -> Value {
    let mut statement = allow("dynamodb:PutItem", SHELF);
    statement["Condition"] = condition;
    statement
}

#[test]
fn a_condition_on_keys_holds_of_all_of_them_and_of_none() {
    let own = || json!({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["picker#*"] } });
    for (keys, allowed) in [
        (&["picker#1"][..], true),
        (&["picker#1", "picker#2"], true),
        (&["picker#1", "packer#2"], false),
        (&["Picker#1"], false),
        (&[""], false),
        // A request that has no keys: all of none are.
        (&[], true),
    ] {
        assert_eq!(decided(with(own()), &put(keys)).is_ok(), allowed, "{keys:?}");
    }
    let some = json!({ "ForAnyValue:StringEquals": { "dynamodb:leadingkeys": "picker#1" } });
    assert!(decided(with(some.clone()), &put(&["x", "picker#1"])).is_ok());
    assert!(decided(with(some), &put(&[])).is_err());
}

#[test]
fn operators_hold_as_aws_says() {
    let me = "arn:aws:iam::000000000000:role/picker";
    for (condition, holds) in [
        (json!({ "ArnEquals": { "aws:PrincipalArn": me } }), true),
        (json!({ "ArnLike": { "AWS:principalARN": "arn:aws:iam::*:role/p*" } }), true),
        (json!({ "ArnNotEquals": { "aws:PrincipalArn": me } }), false),
        (json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/q*" } }), true),
        (json!({ "Bool": { "aws:SecureTransport": "true" } }), true),
        (json!({ "Bool": { "aws:SecureTransport": false } }), false),
        (json!({ "StringEquals": { "events:source": "a" } }), false),
        (json!({ "StringEqualsIfExists": { "events:source": "a" } }), true),
        (json!({ "StringNotEquals": { "events:source": "a" } }), true),
        (json!({ "Null": { "events:source": "true" } }), true),
        (json!({ "Null": { "aws:PrincipalArn": true } }), false),
        (json!({ "StringEquals": { "aws:PrincipalAccount": "000000000000" } }), true),
        (json!({ "StringEqualsIgnoreCase": { "aws:PrincipalArn": me.to_uppercase() } }), true),
        // All of them must hold.
        (json!({ "ArnEquals": { "aws:PrincipalArn": me, "aws:SourceArn": me } }), false),
    ] {
        assert_eq!(decided(with(condition.clone()), &put(&[])).is_ok(), holds, "{condition}");
    }
}

/// A condition that is passed over would allow what AWS refuses.
#[test]
fn what_is_not_known_is_no_policy() {
    let problem = |statement: Value| {
        let policy = json!({ "Statement": [allow("sqs:*", "*"), statement] });
        identity_policy(&policy).unwrap_err().to_string()
    };
    for (condition, place) in [
        (json!({ "NumericLessThan": { "aws:SecureTransport": "1" } }), "NumericLessThan"),
        (json!({ "stringequals": { "events:source": "a" } }), "stringequals"),
        (json!({ "ForSome:StringEquals": { "events:source": "a" } }), "ForSome:StringEquals"),
        (json!({ "StringEquals": { "aws:SourceIp": "a" } }), "StringEquals.aws:SourceIp"),
        (
            json!({ "StringLike": { "dynamodb:LeadingKeys": "a" } }),
            "StringLike.dynamodb:LeadingKeys",
        ),
        (json!({ "StringLike": { "events:source": "${aws:userid}" } }), "StringLike.events:source"),
        (json!({ "Bool": { "aws:SecureTransport": "no" } }), "Bool.aws:SecureTransport"),
    ] {
        let problem = problem(with(condition));
        assert!(problem.starts_with(&format!("Statement[1].Condition.{place}: ")), "{problem}");
    }
    for (member, value, place) in [
        ("NotAction", json!("sqs:*"), "NotAction"),
        ("NotResource", json!("*"), "NotResource"),
        ("Principal", json!("*"), "Principal"),
        ("Effect", json!("allow"), "Effect"),
        ("Action", json!("PutItem"), "Action"),
        ("Action", json!([]), "Action"),
        ("Resource", json!("shelf"), "Resource"),
    ] {
        let mut statement = allow("dynamodb:PutItem", SHELF);
        statement[member] = value;
        let problem = problem(statement);
        assert!(problem.starts_with(&format!("Statement[1].{place}: ")), "{problem}");
    }
}

#[test]
fn a_policy_of_a_resource_says_whom_it_is_about() {
    let queue = "arn:aws:sqs:us-east-1:000000000000:parcels";
    let rule = "arn:aws:events:us-east-1:000000000000:rule/bus/parcels-1";
    let policy = resource_policy(&json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": queue,
        "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:events:*:*:rule/bus/parcels-*" } },
    } }));
    let (policy, request) = (policy.unwrap(), Request::new("sqs:SendMessage", queue));
    let sends = |name: &str, source_arn: &str| {
        decide(&Caller::Service { name, source_arn }, &[], &policy, &request).is_ok()
    };
    assert!(sends("events.amazonaws.com", rule));
    assert!(!sends("sns.amazonaws.com", rule));
    assert!(!sends("events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/bus/x"));

    let one = resource_policy(&json!({ "Statement": {
        "Effect": "Deny", "Principal": { "AWS": role("packer").arn }, "Action": "*", "Resource": "*",
    } }));
    let (one, own) = (one.unwrap(), read(allow("sqs:*", "*")));
    for (name, decided) in [("packer", Err(Reason::DeniedByResource)), ("picker", Ok(()))] {
        let role = role(name);
        let caller = Caller::Role { role: &role, session: name };
        assert_eq!(decide(&caller, &own, &one, &request), decided, "{name}");
    }
    assert!(resource_policy(&json!({ "Statement": allow("sqs:*", "*") })).is_err());
}
