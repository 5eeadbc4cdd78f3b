//! Who may do what: exact actions on exact resources, and queues that take only what they wait for.

use std::collections::BTreeSet;

use catalogue::SOURCES;
use serde_json::{Value, json};

use crate::document::{
    Document, arn_of_table, attribute, only_if, reference, resolved, resolved_with, texts,
};

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

/// Their values stand in no parameter and no environment: those who may read a function see an ARN.
#[test]
fn keys_of_providers_are_secrets_that_one_function_each_may_read() {
    let document = Document::open();
    for (name, parameter) in document.section("Parameters") {
        assert!(
            parameter.get("NoEcho").is_none(),
            "{name} is a secret itself: name one by its ARN"
        );
    }
    let reads = |it: &Value| texts(&it["Action"]).iter().any(|it| it.contains("Secret"));
    let statements = document.allowed_to_roles();
    let readers: Vec<_> = statements.iter().filter(|(_, it)| reads(it)).collect();
    let expected = [
        ("PaymentFunction", "PAYMENT_GATEWAY_API_KEY_SECRET", "PaymentGatewayApiKeySecret"),
        ("PaymentWebhooksFunction", "PAYMENT_WEBHOOK_SECRET", "PaymentWebhookSecret"),
        ("ShippingFunction", "CARRIER_API_KEY_SECRET", "CarrierApiKeySecret"),
    ];
    assert_eq!(readers.len(), expected.len());
    for ((id, statement), (function, variable, parameter)) in readers.into_iter().zip(expected) {
        let actions = json!(["secretsmanager:GetSecretValue", "ssm:GetParameter"]);
        assert_eq!((*id, &statement["Action"]), (function, &actions));
        assert_eq!(statement["Resource"], reference(parameter), "{id}");
        let variables = &document.resource(id)["Properties"]["Environment"]["Variables"];
        assert_eq!(variables[variable], reference(parameter), "{id}");
    }
}

/// A key that is sent in the clear is readable on the way.
#[test]
fn providers_are_called_under_tls() {
    let document = Document::open();
    for name in ["PaymentGatewayUrl", "CarrierUrl"] {
        let pattern = document.section("Parameters")[name]["AllowedPattern"].as_str().unwrap();
        let (tls, clear) = pattern.split_once('|').unwrap();
        assert_eq!(tls, "https://.+", "{name}");
        assert!(clear.starts_with(r"http://(127\.0\.0\.1|localhost|\[::1\])("), "{name}");
    }
}

/// What one writes there in the name of another would count as handled, or be published.
#[test]
fn each_consumer_writes_only_its_own_records_of_the_table_they_share() {
    let document = Document::open();
    let shared = [attribute("EventIdempotencyTable", "Arn"), arn_of_table("EventIdempotencyTable")];
    let mut consumers = BTreeSet::new();
    for (id, statement) in document.allowed_to_roles() {
        let resource = &statement["Resource"];
        if !shared.iter().any(|it| resource.to_string().contains(&it.to_string())) {
            continue;
        }
        assert!(shared.contains(resource), "{id}: its condition would bind other tables");
        assert_eq!(statement["Action"], "dynamodb:PutItem", "{id}");
        let name = &document.resource(id)["Metadata"]["BuildProperties"]["Binary"];
        let keys = json!({ "dynamodb:LeadingKeys": [format!("{}#*", name.as_str().unwrap())] });
        assert_eq!(statement["Condition"], json!({ "ForAllValues:StringLike": keys }), "{id}");
        consumers.insert(id);
    }
    let expected = ["AnalyticsFunction", "InventoryApiFunction", "InventoryFunction"];
    assert_eq!(consumers, BTreeSet::from(expected));
}

/// A caller without a token gets no further than the catalogue, whatever is wrong with the answer.
#[test]
fn what_every_caller_may_ask_reads_the_catalogue_and_nothing_else() {
    let document = Document::open();
    let of = |function: &str| {
        let statements = document.allowed_to_roles().into_iter();
        let own = statements.filter(|(id, _)| *id == function);
        own.map(|(_, it)| (it["Action"].clone(), it["Resource"].clone())).collect::<Vec<_>>()
    };
    let products = attribute("ProductsTable", "Arn");
    assert_eq!(of("ProductsFunction"), [(json!("dynamodb:Scan"), products.clone())]);
    let reads_products =
        |(_, resource): &(_, Value)| resource.to_string().contains("ProductsTable");
    assert!(!of("QueryFunction").iter().any(reads_products), "query may read the catalogue");
    let reserved = |id: &str| &document.resource(id)["Properties"]["ReservedConcurrentExecutions"];
    assert_eq!(reserved("ProductsFunction")["Fn::If"][0], "ReservesConcurrency");
}

/// The projector only updates: what stands in a row comes back with the update.
#[test]
fn the_projector_may_not_read_rows_one_by_one() {
    let document = Document::open();
    let tables = ["OrderViewsTable", "OrderViewsBTable"];
    let views = json!(tables.map(|table| attribute(table, "Arn")));
    let of_rows = document.allowed_to_roles().into_iter();
    let of_rows: Vec<_> = of_rows
        .filter(|(id, it)| *id == "ProjectorFunction" && it["Resource"] == views)
        .map(|(_, it)| texts(&it["Action"]))
        .collect();
    assert_eq!(of_rows, [["dynamodb:UpdateItem"]]);
}

/// The publishers that the relay is given by table are those it reads: the tables of its mappings,
/// and every service of the catalogue from one of them.
#[test]
fn each_service_publishes_from_one_table_that_the_relay_reads() {
    let template = resolved("choreography");
    let relay = template.function("orderly-relay").unwrap();
    let publishes: Value = serde_json::from_str(&relay.environment["PUBLISHES"]).unwrap();
    let mut tables = BTreeSet::new();
    let mut sources = Vec::new();
    for (table, allowed) in publishes.as_object().unwrap() {
        tables.insert(table.as_str());
        if let Value::Object(prefixes) = allowed {
            assert!(prefixes.keys().all(|it| it.ends_with('#')), "{prefixes:?}");
            sources.extend(prefixes.values().flat_map(texts));
        } else {
            sources.extend(texts(allowed));
        }
    }
    let streamed = template.tables.iter().filter(|it| it.stream.is_some());
    let streamed: BTreeSet<_> = streamed.map(|it| it.name.as_str()).collect();
    assert_eq!(tables, streamed);
    sources.sort_unstable();
    let mut services = SOURCES;
    services.sort_unstable();
    assert_eq!(sources, services);
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
            let (limits, statements): (Vec<_>, Vec<_>) =
                statements.iter().partition(|it| it["Fn::If"][0] == "HasOperatorRole");
            let takes_events = id.ends_with("Queue") && !id.ends_with("DeadLetterQueue");
            assert_eq!(limits.len(), usize::from(takes_events), "{policy}: who may send");
            for limit in limits {
                assert_eq!(*limit, only_if("HasOperatorRole", &sent_by_others(id)), "{policy}");
            }
            let (denies, allows): (Vec<_>, Vec<_>) =
                statements.into_iter().partition(|it| it["Effect"] == "Deny");
            let [deny] = denies[..] else { panic!("{policy} denies {}", denies.len()) };
            let clear = json!({ "Bool": { "aws:SecureTransport": "false" } });
            assert!(deny["Principal"] == "*" && deny["Condition"] == clear, "{policy}: {deny}");
            for allow in allows {
                let conditions = allow["Condition"].to_string();
                assert!(conditions.contains("aws:Source"), "{policy} lets any account's rules in");
                assert!(allow["Principal"]["Service"].is_string(), "{policy}: {allow}");
            }
        }
    }
}

/// A message that is neither the bus's nor the operator's, refused. The provider's webhooks have
/// payments look again, the query has lost rows written again.
fn sent_by_others(queue: &str) -> Value {
    let operator = reference("OperatorRoleArn");
    let senders = match queue {
        "PaymentQueue" => json!([operator, attribute("PaymentWebhooksFunctionRole", "Arn")]),
        "ProjectorQueue" => json!([operator, attribute("QueryFunctionRole", "Arn")]),
        _ => operator,
    };
    json!({
        "Sid": "OnlyTheBusAndTheOperator",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": attribute(queue, "Arn"),
        "Condition": {
            "Bool": { "aws:PrincipalIsAWSService": "false" },
            "ArnNotLike": { "aws:PrincipalArn": senders },
        },
    })
}

/// What a token must grant: to look or to do, wherever API Gateway knows the claim that says so.
fn scopes(route: &Value) -> Value {
    let reads = route["RouteKey"].as_str().unwrap().starts_with("GET ");
    let name = if reads { "ReadScope" } else { "WriteScope" };
    only_if("GatewayKnowsScopes", &json!([reference(name)]))
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
fn every_route_but_the_catalogue_and_signed_webhooks_asks_who_it_is() {
    let document = Document::open();
    let mut open = Vec::new();
    for (name, route) in document.all("AWS::ApiGatewayV2::Route") {
        assert_eq!(route["ApiId"], reference("HttpApi"), "{name}");
        let path = route["RouteKey"].as_str().unwrap().split_once(' ').unwrap().1;
        let kind = route["AuthorizationType"].as_str().unwrap_or("NONE");
        assert_eq!(kind == "AWS_IAM", path.starts_with("/admin/"), "{name}");
        match kind {
            "NONE" => open.push(path),
            "JWT" => {
                assert_eq!(route["AuthorizerId"], reference("CustomerAuthorizer"), "{name}");
                assert_eq!(route["AuthorizationScopes"], scopes(route), "{name}");
            }
            _ => {}
        }
    }
    open.sort_unstable();
    assert_eq!(open, ["/products", "/webhooks/payments"]);
    let limit = &document.resource("HttpApiStage")["Properties"]["RouteSettings"];
    assert!(limit["POST /webhooks/payments"]["ThrottlingRateLimit"].is_u64(), "nothing slows it");
}

/// A service that may use the key for anything it is asked to would use it for other accounts, too.
#[test]
fn services_may_use_the_key_for_what_is_this_stacks_and_nothing_else() {
    let document = Document::of("infra/key.yaml");
    let [(_, key)] = document.all("AWS::KMS::Key")[..] else { panic!("not one key") };
    let statements = key["KeyPolicy"]["Statement"].as_array().unwrap();
    let of_services: Vec<_> =
        statements.iter().filter(|it| it["Principal"].get("Service").is_some()).collect();
    assert_eq!(of_services.len(), 5);
    for statement in of_services {
        let sid = &statement["Sid"];
        let condition = statement["Condition"].to_string();
        let is_bound = condition.contains("${AWS::AccountId}") && condition.contains("arn:");
        let only_describes = texts(&statement["Action"]) == ["kms:DescribeKey"];
        assert!(is_bound != only_describes, "{sid} is bound to nothing: {condition}");
    }
}
