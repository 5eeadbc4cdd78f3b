//! Who may do what: exact actions on exact resources, and queues that take only what they wait for.

use std::collections::BTreeSet;

use events::SOURCES;
use serde_json::{Value, json};

use crate::document::{Document, attribute, only_if, reference, resolved_with, texts};

/// Where AWS leaves no choice: the function, the resource's end, and why.
const OPEN_ENDED: [(&str, &str, &str); 2] = [
    ("RelayFunction", "/stream/*", "ListStreams is asked of a table's streams"),
    ("NotificationFunction", "identity/*", "an identity of SES is an address or its whole domain"),
];

#[test]
fn roles_may_do_named_things_to_named_resources() {
    let document = Document::open();
    let statements = document.allowed_to_roles();
    assert!(statements.len() > 30);
    let mut used = BTreeSet::new();
    for (id, statement) in statements {
        assert_eq!(statement["Effect"], "Allow", "{id}");
        for forbidden in ["NotAction", "NotResource", "Principal"] {
            assert!(statement.get(forbidden).is_none(), "{id}: {forbidden}");
        }
        for action in texts(&statement["Action"]) {
            assert!(action.contains(':') && !action.contains('*'), "{id} may {action}");
        }
        for resource in texts(&statement["Resource"]) {
            let resource = resource.trim_end_matches(['"', '}']);
            let exempt =
                OPEN_ENDED.iter().find(|(who, end, _)| *who == id && resource.ends_with(end));
            used.extend(exempt);
            assert!(exempt.is_some() || !resource.contains('*'), "{id} may on {resource}");
        }
    }
    assert_eq!(used, BTreeSet::from_iter(&OPEN_ENDED), "an exception that nothing needs");
}

/// Every function has a role of its own, which SAM makes of its statements.
#[test]
fn no_function_shares_a_role_or_takes_a_policy_of_others() {
    let document = Document::open();
    for (id, function) in document.all("AWS::Serverless::Function") {
        assert!(function.get("Role").is_none(), "{id}");
        for policy in function["Policies"].as_array().unwrap() {
            let is_own = policy.get("Statement").is_some();
            assert!(is_own || policy["Fn::If"][0] == "HasKmsKey", "{id} takes {policy}");
        }
    }
}

#[test]
fn only_the_relay_publishes_and_only_for_the_services_of_the_catalogue() {
    let document = Document::open();
    let publishes = |it: &Value| texts(&it["Action"]).iter().any(|it| it == "events:PutEvents");
    let statements = document.allowed_to_roles();
    let producers: Vec<_> = statements.iter().filter(|(_, it)| publishes(it)).collect();
    let [(id, statement)] = producers[..] else { panic!("{producers:?}") };
    assert_eq!(*id, "RelayFunction");
    assert_eq!(statement["Resource"], attribute("EventBus", "Arn"));
    let condition = json!({ "StringEquals": { "events:source": SOURCES } });
    assert_eq!(statement["Condition"], condition);

    let [(_, policy)] = document.all("AWS::Events::EventBusPolicy")[..] else { panic!() };
    let statement = &policy["Statement"];
    assert!(statement["Effect"] == "Deny" && statement["Principal"] == "*");
    assert_eq!(statement["Action"], "events:PutEvents");
    assert_eq!(statement["Resource"], attribute("EventBus", "Arn"));
    let relay = json!({ "aws:PrincipalArn": attribute("RelayFunctionRole", "Arn") });
    assert_eq!(statement["Condition"]["ArnNotEquals"], relay, "who is refused");
}

#[test]
fn queues_and_the_topic_take_nothing_in_the_clear_and_only_from_those_they_wait_for() {
    let document = Document::open();
    for (kind, policy_kind, list) in [
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ] {
        let policies = document.all(policy_kind);
        for (id, _) in document.all(kind) {
            let own = policies.iter().filter(|(_, it)| it[list] == json!([reference(id)]));
            // A second policy for the same queue would take the place of the first.
            let own: Vec<_> = own.collect();
            let [(policy, properties)] = own[..] else { panic!("{id} has {} policies", own.len()) };
            let condition =
                (&document.resource(policy)["Condition"], &document.resource(id)["Condition"]);
            assert_eq!(condition.0, condition.1, "{policy} is not there when {id} is");
            let statements = properties["PolicyDocument"]["Statement"].as_array().unwrap();
            let (denies, allows): (Vec<_>, Vec<_>) =
                statements.iter().partition(|it| it["Effect"] == "Deny");
            let [deny] = denies[..] else { panic!("{policy} denies {}", denies.len()) };
            let clear = json!({ "Bool": { "aws:SecureTransport": "false" } });
            assert!(deny["Principal"] == "*" && deny["Condition"] == clear, "{policy}: {deny}");
            for allow in allows {
                let conditions = allow["Condition"].to_string();
                assert!(conditions.contains("aws:Source"), "{policy} lets anybody's rules in");
                assert!(allow["Principal"]["Service"].is_string(), "{policy}: {allow}");
            }
        }
    }
}

/// What a token must grant: to look or to do, wherever API Gateway knows the claim that says so.
fn scopes(route: &Value) -> Value {
    let name = if route["Method"] == "GET" { "ReadScope" } else { "WriteScope" };
    json!([only_if("GatewayKnowsScopes", &reference(name))])
}

#[test]
fn a_claim_that_api_gateway_does_not_know_is_left_to_the_functions() {
    let route = |claim: &str| {
        let template = resolved_with(&[("ScopeClaim", claim), ("WriteScope", "shop/orders:write")]);
        let route = template.routes.iter().find(|it| it.path == "/orders" && it.method == "POST");
        let function = template.functions.iter().find(|it| it.binary == "order-api").unwrap();
        (route.unwrap().scopes.clone(), function.environment.get("SCOPE_CLAIM").cloned())
    };
    let asked = vec!["shop/orders:write".to_owned()];
    assert_eq!(route(""), (asked.clone(), None));
    assert_eq!(route("scp"), (asked, Some("scp".to_owned())));
    assert_eq!(route("permissions"), (vec![], Some("permissions".to_owned())));
}

#[test]
fn every_route_but_the_catalogue_asks_who_it_is() {
    let document = Document::open();
    let mut open = Vec::new();
    for (_, function) in document.all("AWS::Serverless::Function") {
        let events = function["Events"].as_object().into_iter().flatten();
        for (name, event) in events.filter(|(_, event)| event["Type"] == "HttpApi") {
            let (path, auth) = (&event["Properties"]["Path"], &event["Properties"]["Auth"]);
            let is_admin = path.as_str().unwrap().starts_with("/admin/");
            assert_eq!(auth["Authorizer"] == "AWS_IAM", is_admin, "{name}");
            match auth["Authorizer"].as_str() {
                Some("NONE") => open.push(path.as_str().unwrap()),
                Some(_) => {}
                None => {
                    assert_eq!(auth["AuthorizationScopes"], scopes(&event["Properties"]), "{name}")
                }
            }
        }
    }
    assert_eq!(open, ["/products"]);
}
