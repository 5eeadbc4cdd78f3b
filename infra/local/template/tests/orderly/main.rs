//! The project's own template: that it loads, and that it has what the design asks for.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

mod flow;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use local_template::{Access, LoadOptions, Template};
use serde_json::json;

const GATEWAY_SECRET: &str =
    "arn:aws:secretsmanager:us-east-1:000000000000:secret:payment-gateway-aBcD12";

fn orderly() -> Template {
    orderly_by("choreography")
}

/// The template with the mode in which orders are carried on.
fn orderly_by(mode: &str) -> Template {
    let given = [
        ("FulfilmentMode", mode),
        ("JwtIssuer", "https://issuer.example.com"),
        ("JwtAudience", "orderly"),
        ("PaymentGatewayApiKeySecret", GATEWAY_SECRET),
        ("PaymentWebhookSecret", "arn:aws:ssm:us-east-1:000000000000:parameter/webhooks"),
        ("CarrierUrl", "http://127.0.0.1:9003/carrier"),
        ("CarrierApiKeySecret", "arn:aws:ssm:us-east-1:000000000000:parameter/carrier"),
        ("SenderEmail", "orders@example.com"),
    ];
    let parameters =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = LoadOptions {
        stack_name: "orderly",
        endpoint: "http://127.0.0.1:9000",
        parameters: &parameters,
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    Template::load(&path, &options).unwrap()
}

fn functions(template: &Template) -> BTreeMap<&str, (&str, u64)> {
    let each = template.functions.iter();
    each.map(|it| (it.binary.as_str(), (it.name.as_str(), it.timeout.as_secs()))).collect()
}

#[test]
fn functions_are_the_binaries_of_the_suite() {
    let mut expected = BTreeMap::from([
        ("analytics", ("orderly-analytics", 5)),
        ("analytics-api", ("orderly-analytics-api", 10)),
        ("inventory", ("orderly-inventory", 5)),
        ("inventory-api", ("orderly-inventory-api", 10)),
        ("notification", ("orderly-notification", 10)),
        ("order-api", ("orderly-order-api", 10)),
        ("order-events", ("orderly-order-events", 5)),
        ("order-sweeper", ("orderly-order-sweeper", 50)),
        ("payment", ("orderly-payment", 10)),
        ("payment-webhooks", ("orderly-payment-webhooks", 10)),
        ("products", ("orderly-products", 5)),
        ("projector", ("orderly-projector", 5)),
        ("query", ("orderly-query", 5)),
        ("relay", ("orderly-relay", 30)),
        ("shipping", ("orderly-shipping", 10)),
        ("timeline", ("orderly-timeline", 5)),
        ("timeline-api", ("orderly-timeline-api", 5)),
    ]);
    assert_eq!(functions(&orderly()), expected);
    assert_eq!(orderly().functions.len(), expected.len());
    expected.insert("workflow", ("orderly-workflow", 5));
    assert_eq!(functions(&orderly_by("orchestration")), expected);
}

#[test]
fn the_workflow_asks_functions_and_is_started_by_one() {
    assert!(orderly().state_machines.is_empty());
    let template = orderly_by("orchestration");
    let [machine] = template.state_machines.as_slice() else { panic!() };
    assert_eq!(machine.name, "orderly-fulfilment");
    for function in ["inventory", "payment", "shipping", "order-events"] {
        let arn = &template.function(&format!("orderly-{function}")).unwrap().arn;
        assert!(machine.definition.contains(arn), "{function} is asked for nothing");
    }
    assert!(machine.definition.contains("{% 3600 %}"), "the deadline is not the template's");
    let starter = template.function("orderly-workflow").unwrap();
    assert_eq!(starter.environment["STATE_MACHINE_ARN"], machine.arn);
}

#[test]
fn the_sweeper_runs_each_minute_and_is_not_tried_again() {
    let template = orderly();
    let [schedule] = template.schedules.as_slice() else { panic!("{:?}", template.schedules) };
    assert_eq!(schedule.function, "orderly-order-sweeper");
    assert_eq!(schedule.every.as_secs(), 60);
    let sweeper = template.function("orderly-order-sweeper").unwrap();
    assert!(sweeper.timeout < schedule.every, "sweeps overlap");
    assert_eq!(sweeper.environment["PAY_WITHIN_SECONDS"], "3600");
    assert_eq!(sweeper.environment["SHIP_WITHIN_SECONDS"], "259200");
}

#[test]
fn a_function_is_told_the_names_that_exist() {
    let template = orderly();
    let payment = template.function("orderly-payment").unwrap();
    let expected = [
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9000/000000000000/orderly-payment-dlq"),
        ("FULFILMENT_MODE", "choreography"),
        ("METRICS_NAMESPACE", "orderly"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("PAYMENTS_TABLE", "orderly-payments"),
        ("PAYMENT_CUSTOMERS_TABLE", "orderly-payment-customers"),
        ("PAYMENT_GATEWAY_API_KEY_SECRET", GATEWAY_SECRET),
        ("PAYMENT_GATEWAY_URL", "https://api.stripe.com"),
        ("QUEUE_URL", "http://127.0.0.1:9000/000000000000/orderly-payment-queue"),
        ("REVIEW_AFTER_ATTEMPTS", "8"),
        ("RUST_LOG", "INFO"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(payment.environment, BTreeMap::from(expected));
    let tables: BTreeSet<_> = template.tables.iter().map(|it| it.name.as_str()).collect();
    for function in &template.functions {
        for (name, value) in &function.environment {
            assert!(!name.ends_with("_TABLE") || tables.contains(value.as_str()), "{name}");
        }
    }
}

#[test]
fn routes_lead_to_the_apis_and_only_the_catalogue_and_webhooks_are_open() {
    let routes: BTreeSet<_> = orderly()
        .routes
        .into_iter()
        .map(|it| (it.path, it.method, it.function, it.access))
        .collect();
    // Who sees an order may not thereby change it.
    for route in orderly().routes {
        let scopes = match (route.access, route.method.as_str()) {
            (Access::Token, "GET") => vec!["orders:read"],
            (Access::Token, _) => vec!["orders:write"],
            (Access::Anyone | Access::Iam, _) => Vec::new(),
        };
        assert_eq!(route.scopes, scopes, "{} {}", route.method, route.path);
    }
    let expected = [
        ("/admin/board", "GET", "orderly-analytics-api", Access::Iam),
        ("/admin/figures", "GET", "orderly-analytics-api", Access::Iam),
        ("/admin/figures/products", "GET", "orderly-analytics-api", Access::Iam),
        ("/admin/orders", "GET", "orderly-query", Access::Iam),
        ("/admin/orders/{id}/events", "GET", "orderly-query", Access::Iam),
        ("/admin/orders/{id}/resume", "POST", "orderly-order-api", Access::Iam),
        ("/admin/orders/{id}/timeline", "GET", "orderly-timeline-api", Access::Iam),
        ("/admin/stock/{productId}", "GET", "orderly-inventory-api", Access::Iam),
        ("/admin/stock/{productId}/adjust", "POST", "orderly-inventory-api", Access::Iam),
        ("/admin/stock/{productId}/restock", "POST", "orderly-inventory-api", Access::Iam),
        ("/admin/stock/{productId}/shards", "PUT", "orderly-inventory-api", Access::Iam),
        ("/orders", "GET", "orderly-query", Access::Token),
        ("/orders", "POST", "orderly-order-api", Access::Token),
        ("/orders/{id}", "GET", "orderly-query", Access::Token),
        ("/orders/{id}/cancel", "POST", "orderly-order-api", Access::Token),
        ("/orders/{id}/events", "GET", "orderly-query", Access::Token),
        ("/orders/{id}/timeline", "GET", "orderly-timeline-api", Access::Token),
        ("/products", "GET", "orderly-products", Access::Anyone),
        // Who signs is asked by the function.
        ("/webhooks/payments", "POST", "orderly-payment-webhooks", Access::Anyone),
    ];
    let expected = expected.map(|(path, method, function, access)| {
        (path.into(), method.into(), function.into(), access)
    });
    assert_eq!(routes, BTreeSet::from(expected));
}

#[test]
fn tables_become_requests_that_create_them() {
    let template = orderly();
    let keys: BTreeMap<_, Vec<_>> = template
        .tables
        .iter()
        .map(|table| {
            let schema = table.create_table["KeySchema"].as_array().unwrap();
            let keys = schema.iter().map(|it| it["AttributeName"].as_str().unwrap()).collect();
            (table.name.strip_prefix("orderly-").unwrap(), keys)
        })
        .collect();
    let expected = BTreeMap::from([
        ("contacts", vec!["userId"]),
        ("delivery-addresses", vec!["userId", "addressId"]),
        ("event-idempotency", vec!["id"]),
        ("inventory", vec!["productId"]),
        ("notifications", vec!["orderId"]),
        ("order-events", vec!["PK", "SK"]),
        ("order-figures", vec!["day", "quarter"]),
        ("order-timeline", vec!["orderId", "eventId"]),
        ("order-views", vec!["orderId"]),
        ("order-views-b", vec!["orderId"]),
        ("payment-customers", vec!["userId"]),
        ("payments", vec!["orderId"]),
        ("product-figures", vec!["day", "product"]),
        ("products", vec!["productId"]),
        ("projections", vec!["projection"]),
        ("reservations", vec!["orderId"]),
        ("shipments", vec!["orderId"]),
        ("stock-movements", vec!["productId", "movementId"]),
    ]);
    assert_eq!(keys, expected);
    let record = template.tables.iter().find(|it| it.name == "orderly-event-idempotency").unwrap();
    assert_eq!(record.ttl_attribute.as_deref(), Some("expiration"));
    let expected = json!({
        "TableName": "orderly-event-idempotency",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
    });
    assert_eq!(record.create_table, expected);
}

#[test]
fn the_archive_keeps_every_event_of_a_year() {
    let template = orderly();
    let [archive] = template.archives.as_slice() else { panic!("{:?}", template.archives) };
    assert_eq!(archive.bus, "orderly-bus");
    assert_eq!((archive.retention_days, &archive.pattern), (Some(365), &None));
}
