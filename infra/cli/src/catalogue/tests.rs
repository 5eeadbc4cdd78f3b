use catalogue::schema::pretty;
use local_template::{Rule, Target};

use super::*;
use crate::shop;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn template() -> Template {
    shop::load_template(&root().join("infra/template.yaml")).unwrap()
}

fn catalogue() -> Catalogue {
    Catalogue::open(&root().join(CONTRACTS), &template()).unwrap()
}

#[track_caller]
fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn the_list_shows_publishers_and_consumers() {
    let list = show::List(catalogue().cards()).to_string();
    let lines: Vec<Vec<&str>> =
        list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines.len(), 1 + CATALOGUE.len());
    let everyone = [
        "analytics,",
        "inventory,",
        "notification,",
        "payment,",
        "projector,",
        "shipping,",
        "timeline",
    ];
    let created = [["OrderCreated", "2.0", "order-service"].as_slice(), &everyone].concat();
    assert_eq!(lines[1], created);
    assert!(
        lines.contains(&vec!["OrderPaid", "2.0", "order-service", "projector,", "timeline"]),
        "{list}"
    );
}

#[test]
fn a_sheet_shows_all_there_is_to_know() {
    let sheet = catalogue().sheet("OrderCreated", None).unwrap().to_string();
    shows(
        &sheet,
        &[
            "OrderCreated 2.0\nA customer placed an order.",
            "Publisher  order-service",
            "Consumers  analytics, inventory, notification, payment, projector, shipping, timeline",
            "  1.0  The book's: prices are decimals of a US dollar.\n",
            "`price` is called `unitPrice`",
            "(current)",
            "events/contracts/schemas/OrderCreated/2.0.json",
            "\"required\": [",
            "\"unitPrice\": {",
            "events/contracts/golden/OrderCreated/2.0.json",
            "\"eventId\": \"evt_78753f1e94967002e52a836dd55b8eaa\"",
        ],
    );
    assert!(!sheet.contains("Which now reads as"), "{sheet}");
}

#[test]
fn an_old_version_is_shown_with_what_it_reads_as() {
    let old = catalogue().sheet("OrderCreated", Some(Version::new(1, 0))).unwrap();
    assert_eq!(old.sample["detail"]["data"]["items"][0]["price"], 29.99);
    let now = old.reads_as.as_ref().unwrap();
    assert_eq!(now["data"]["items"][0]["unitPrice"], json!({ "amount": 2999, "currency": "USD" }));
    shows(
        &old.to_string(),
        &["OrderCreated 1.0\n", "\"price\": 29.99", "Which now reads as", "\"amount\": 2999"],
    );
}

#[test]
fn what_is_not_there_is_named() {
    let catalogue = catalogue();
    let no = |event, version| catalogue.sheet(event, version).unwrap_err().to_string();
    shows(&no("OrderTeleported", None), &["\"OrderTeleported\" is no event"]);
    let version = Some(Version::new(3, 0));
    shows(&no("OrderCreated", version), &["OrderCreated has no version 3.0, but 1.0, 2.0"]);
}

#[test]
fn a_program_gets_the_same() {
    let sheet = catalogue().sheet("PaymentFailed", None).unwrap();
    let sheet = serde_json::to_value(sheet).unwrap();
    assert_eq!(sheet["eventType"], "PaymentFailed");
    assert_eq!(sheet["publisher"], "payment-service");
    assert_eq!(sheet["consumers"], json!(["inventory", "order-events", "projector", "timeline"]));
    assert_eq!(sheet["versions"][1]["version"], "2.0");
    assert_eq!(sheet["schema"]["title"], "PaymentFailed");
    assert_eq!(sheet["sample"]["detail"]["data"]["code"], "card_declined");
}

/// A rule that looks into the event is asked with a real one.
#[test]
fn a_rule_that_looks_into_the_event_is_followed() {
    let mut template = template();
    let rule = |pattern| Rule { pattern, ..template.rules[0].clone() };
    let cancelled = json!({
        "detail-type": ["OrderCancelled"], "detail": { "data": { "reason": ["timedOut"] } },
    });
    let other =
        json!({ "detail-type": ["OrderCancelled"], "detail": { "data": { "reason": [1] } } });
    let target = |arn: &str| Target { arn: arn.to_owned(), ..template.rules[0].targets[0].clone() };
    let audit = Rule { targets: vec![target("arn:aws:sqs:us-east-1:0:audit")], ..rule(cancelled) };
    let never = Rule { targets: vec![target("arn:aws:sqs:us-east-1:0:never")], ..rule(other) };
    let query = template.function("orderly-query").unwrap().arn.clone();
    let direct =
        Rule { targets: vec![target(&query)], ..rule(json!({ "source": ["order-service"] })) };
    let disabled = Rule {
        enabled: false,
        targets: vec![target("arn:aws:sqs:us-east-1:0:off")],
        ..direct.clone()
    };
    template.rules = vec![audit, never, direct, disabled];
    let catalogue = Catalogue::open(&root().join(CONTRACTS), &template).unwrap();
    let card = |name| catalogue.cards().iter().find(|card| card.event_type == name).unwrap();
    assert_eq!(card("OrderCancelled").consumers, ["audit", "query"]);
    assert_eq!(card("OrderPaid").consumers, ["query"]);
    assert_eq!(card("PaymentFailed").consumers, [""; 0]);

    template.rules[0].pattern = json!({ "source": "order-service" });
    let error = Catalogue::open(&root().join(CONTRACTS), &template).unwrap_err().to_string();
    shows(&error, &[&template.rules[0].logical_id, "EventPattern"]);
}

#[test]
fn the_asyncapi_document_is_up_to_date() {
    let path = root().join(CONTRACTS).join(DOCUMENT);
    let document = catalogue().document().unwrap();
    let is_fresh = std::fs::read_to_string(path).is_ok_and(|text| text == document);
    assert!(is_fresh, "events/{DOCUMENT} is not up to date; run: cargo run -- events write");
}

#[test]
fn the_asyncapi_document_shows_who_publishes_and_consumes_what() {
    let document: Value = catalogue().document().unwrap().parse().unwrap();
    assert_eq!(document["channels"]["bus"]["address"], "orderly-bus");
    let operations = document["operations"].as_object().unwrap();
    let names: Vec<&str> = operations.keys().map(String::as_str).collect();
    let functions = [
        "analytics",
        "inventory",
        "notification",
        "order-events",
        "payment",
        "projector",
        "shipping",
        "timeline",
    ];
    let mut expected: Vec<String> = functions.map(|name| format!("{name}.consumes")).into();
    expected.extend(catalogue::SOURCES.map(|source| format!("{source}.publishes")));
    expected.sort();
    assert_eq!(names, expected);
    let messages = |operation: &str| {
        let messages = operations[operation]["messages"].as_array().unwrap();
        let name = |it: &Value| it["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        messages.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(operations["payment.consumes"]["action"], "receive");
    let consumed =
        ["OrderCreated", "OrderCancelled", "OrderResumed", "InventoryReserved", "ShippingFailed"];
    assert_eq!(messages("payment.consumes"), consumed);
    assert_eq!(operations["payment-service.publishes"]["action"], "send");
    let published = ["PaymentCompleted", "PaymentFailed", "PaymentRefunded", "PaymentNeedsReview"];
    assert_eq!(messages("payment-service.publishes"), published);
    for consumer in ["projector.consumes", "timeline.consumes"] {
        assert_eq!(messages(consumer).len(), CATALOGUE.len(), "{consumer}");
    }
}

#[test]
fn every_reference_of_the_asyncapi_document_leads_somewhere() {
    fn check(document: &Value, part: &Value, count: &mut usize) {
        if let Some(reference) = part["$ref"].as_str() {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            assert_eq!(part.as_object().unwrap().len(), 1, "nothing stands beside {reference}");
            *count += 1;
        }
        let parts: Vec<&Value> = match part {
            Value::Array(parts) => parts.iter().collect(),
            Value::Object(parts) => parts.values().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        parts.into_iter().for_each(|part| check(document, part, count));
    }
    let text = catalogue().document().unwrap();
    assert!(!text.contains("$defs") && !text.contains("2020-12"));
    let document: Value = text.parse().unwrap();
    let mut count = 0;
    check(&document, &document, &mut count);
    assert!(count > 100, "{count}");
}

#[test]
fn the_registry_is_up_to_date() {
    let registry = catalogue().registry().unwrap();
    let is_fresh =
        fs::read_to_string(root().join(CONTRACTS).join(REGISTRY)).is_ok_and(|it| it == registry);
    assert!(is_fresh, "events/{REGISTRY} is not up to date; run: cargo run -- events write");
}

/// The schemas of the registry, by name: event type, and the schema's text.
fn registered() -> Vec<(String, String, Value)> {
    let registry: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(&catalogue().registry().unwrap()).unwrap();
    let resources = registry["Resources"].as_mapping().unwrap();
    let schemas = resources.iter().filter_map(|(name, resource)| {
        let properties = &resource["Properties"];
        let content = properties["Content"].as_str()?;
        assert_eq!(resource["Type"], "AWS::EventSchemas::Schema");
        assert_eq!(properties["Type"], "JSONSchemaDraft4");
        let schema_name = properties["SchemaName"].as_str().unwrap().to_owned();
        // What the API takes at most.
        assert!(content.chars().count() <= 100_000, "{schema_name}");
        assert!(properties["Description"].as_str().unwrap().chars().count() <= 256);
        Some((name.as_str().unwrap().to_owned(), schema_name, content.parse().unwrap()))
    });
    schemas.collect()
}

#[test]
fn the_registry_has_every_event_as_it_comes_over_the_bus() {
    let registered = registered();
    let names: Vec<&str> = registered.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, CATALOGUE.iter().map(|entry| entry.event_type).collect::<Vec<_>>());
    let catalogue = catalogue();
    for (event_type, schema_name, schema) in registered {
        let sheet = catalogue.sheet(&event_type, None).unwrap();
        assert_eq!(schema_name, format!("{}@{event_type}", sheet.card.publisher));
        let validator = jsonschema::draft4::new(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(&sheet.sample).collect();
        assert!(errors.is_empty(), "{event_type}: {errors:?}");
        for broken in ["/detail/data", "/detail/eventId", "/detail-type", "/detail/source"] {
            let mut sample = sheet.sample.clone();
            *sample.pointer_mut(broken).unwrap() = json!("?");
            assert!(!validator.is_valid(&sample), "{event_type} takes any {broken}");
        }
        let text = schema.to_string();
        assert!(!text.contains("$defs") && !text.contains("\"const\""), "{event_type}");
    }
}

/// A copy of the contracts with `change` done to it.
fn changed(change: impl FnOnce(&Path)) -> (Catalogue, tempfile::TempDir) {
    let copy = tempfile::tempdir().unwrap();
    let files = Files::load(&root().join(CONTRACTS)).unwrap();
    Plan { write: files.0, ..Plan::default() }.apply(copy.path()).unwrap();
    change(copy.path());
    (Catalogue::open(copy.path(), &template()).unwrap(), copy)
}

#[test]
fn what_is_missing_or_stale_is_written() {
    let schema = "schemas/OrderPaid/2.0.json";
    let (mut catalogue, copy) = changed(|root| fs::remove_file(root.join(schema)).unwrap());
    let error = catalogue.document().unwrap_err().to_string();
    shows(&error, &["events/contracts/schemas/OrderPaid/2.0.json is missing", "events write"]);
    let plan = catalogue.write().unwrap();
    assert_eq!(plan.problems, []);
    assert_eq!(plan.write.keys().collect::<Vec<_>>(), [DOCUMENT, REGISTRY, schema]);
    for path in [DOCUMENT, REGISTRY, schema] {
        let original = fs::read_to_string(root().join(CONTRACTS).join(path)).unwrap();
        let is_same = fs::read_to_string(copy.path().join(path)).unwrap() == original;
        assert!(is_same, "{path} differs");
    }
    assert!(catalogue.write().unwrap().is_empty(), "there is nothing left to write");
}

#[test]
fn what_is_to_be_decided_is_told_and_not_written() {
    let schema = "schemas/OrderPaid/2.0.json";
    let (mut catalogue, copy) = changed(|root| {
        let mut value: Value = fs::read_to_string(root.join(schema)).unwrap().parse().unwrap();
        value["properties"]["paymentId"]["maxLength"] = json!(20);
        fs::write(root.join(schema), pretty(&value)).unwrap();
    });
    let before = fs::read_to_string(copy.path().join(schema)).unwrap();
    let plan = catalogue.write().unwrap();
    assert!(plan.write.is_empty(), "{:?}", plan.write.keys());
    shows(&plan.problems[0].to_string(), &["paymentId: `maxLength` was 20", "publish 3.0"]);
    assert_eq!(fs::read_to_string(copy.path().join(schema)).unwrap(), before);
    assert!(!copy.path().join(DOCUMENT).exists(), "the document waits for the decision");
    assert!(!copy.path().join(REGISTRY).exists(), "and so does the registry");
}

#[test]
fn two_schemas_of_one_name_are_refused() {
    let (catalogue, _copy) = changed(|root| {
        let path = root.join("schemas/OrderPaid/2.0.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("An ISO 4217 currency code.", "A coin.")).unwrap();
    });
    let error = catalogue.document().unwrap_err().to_string();
    assert_eq!(error, "two schemas are called Currency: rename one of the types");
    // Each event's schema in the registry stands for itself.
    assert!(catalogue.registry().is_ok());
}
