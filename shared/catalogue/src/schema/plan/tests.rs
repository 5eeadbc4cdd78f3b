use serde_json::json;

use super::{super::files::pretty, *};
use crate::{PaymentCompleted, Published};

const fn published(major: u16, minor: u16) -> Published {
    Published { version: Version::new(major, minor), change: "" }
}

/// Payments: captured in version 1, with the amount since version 2.
const PAYMENT: Entry = PaymentCompleted::ENTRY;

/// What becomes of payments once they have a version 2.1.
const LATER: Entry = Entry {
    version: Version::new(2, 1),
    versions: &[published(1, 0), published(2, 0), published(2, 1)],
    ..PAYMENT
};

fn golden(version: &str, data: &Value) -> String {
    let detail = match version {
        "1.0" => data.clone(),
        _ => json!({
            "eventId": "evt_1", "eventType": "PaymentCompleted", "eventVersion": version,
            "timestamp": "2025-11-17T10:30:02Z", "source": "payment-service",
            "correlationId": "corr_1", "aggregateId": "order-123", "sequenceNumber": 1,
            "data": data,
        }),
    };
    let entry = json!({
        "detail-type": "PaymentCompleted", "source": "payment-service",
        "time": "2025-11-17T10:30:02Z", "detail": detail,
    });
    entry.to_string()
}

fn paid() -> Value {
    json!({
        "orderId": "order-123", "paymentId": "pay_1", "amount": { "amount": 5, "currency": "USD" },
    })
}

/// What there is once everything has been written.
fn files() -> Files {
    let mut files = Files::default();
    let old = json!({ "orderId": "order-123", "paymentId": "pay_1" });
    files.0.insert("golden/PaymentCompleted/1.0.json".to_owned(), golden("1.0", &old));
    files.0.insert("golden/PaymentCompleted/2.0.json".to_owned(), golden("2.0", &paid()));
    let plan = plan_of(&[PAYMENT], &files);
    assert_eq!(plan.problems, []);
    carry_out(plan, &mut files);
    assert!(plan_of(&[PAYMENT], &files).is_empty());
    files
}

fn carry_out(plan: Plan, files: &mut Files) {
    files.0.extend(plan.write);
    files.0.retain(|path, _| !plan.remove.contains(path));
}

/// Changes the JSON of a file.
fn edit(files: &mut Files, path: &str, change: impl FnOnce(&mut Value)) {
    let text = files.0.get_mut(path).unwrap();
    let mut value: Value = text.parse().unwrap();
    change(&mut value);
    *text = pretty(&value);
}

/// The text of the one problem with these files.
#[track_caller]
fn problem(entry: Entry, files: &Files) -> String {
    let plan = plan_of(&[entry], files);
    let [problem] = plan.problems.as_slice() else { panic!("{:?}", plan.problems) };
    problem.to_string()
}

#[track_caller]
fn assert_contains(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn a_new_member_needs_a_minor_version() {
    let mut files = files();
    // As if 2.0 had been published without it.
    edit(&mut files, "schemas/PaymentCompleted/2.0.json", |schema| {
        schema["properties"].as_object_mut().unwrap().remove("amount");
    });
    let plan = plan_of(&[PAYMENT], &files);
    assert!(plan.write.is_empty(), "what was published is not rewritten");
    assert_contains(
        &problem(PAYMENT, &files),
        &["has more: amount", "`2.1 => ", "golden/PaymentCompleted/2.1.json", "events write"],
    );
}

#[test]
fn a_change_that_breaks_needs_a_major_version() {
    let mut files = files();
    edit(&mut files, "schemas/PaymentCompleted/2.0.json", |schema| {
        schema["properties"]["paymentId"]["type"] = json!("integer");
    });
    assert!(plan_of(&[PAYMENT], &files).write.is_empty());
    assert_contains(
        &problem(PAYMENT, &files),
        &["paymentId: `type` was", "publish 3.0", "v2::PaymentCompleted", "events write"],
    );
}

#[test]
fn an_old_version_does_not_change() {
    let mut files = files();
    edit(&mut files, "schemas/PaymentCompleted/1.0.json", |schema| {
        schema["properties"].as_object_mut().unwrap().remove("paymentId");
        schema["required"] = json!(["orderId"]);
    });
    assert_contains(
        &problem(PAYMENT, &files),
        &["1.0 is no longer published", "v1::", "- paymentId"],
    );
}

#[test]
fn words_are_rewritten() {
    let mut files = files();
    let path = "schemas/PaymentCompleted/2.0.json";
    edit(&mut files, path, |schema| schema["description"] = json!("?"));
    let plan = plan_of(&[PAYMENT], &files);
    assert_eq!(plan.problems, []);
    assert_eq!(plan.write.keys().collect::<Vec<_>>(), [path]);
    carry_out(plan, &mut files);
    assert!(plan_of(&[PAYMENT], &files).is_empty());
}

/// The way from 2.0 to 2.1, as the maintainer goes it.
#[test]
fn a_minor_version_is_published_beside_the_one_before() {
    let mut files = files();
    edit(&mut files, "schemas/PaymentCompleted/2.0.json", |schema| {
        schema["properties"].as_object_mut().unwrap().remove("amount");
    });
    let before = files.clone();
    assert_contains(&problem(LATER, &files), &["golden/PaymentCompleted/2.1.json is missing"]);
    files.0.insert("golden/PaymentCompleted/2.1.json".to_owned(), golden("2.1", &paid()));
    let plan = plan_of(&[LATER], &files);
    assert_eq!(plan.problems, []);
    carry_out(plan, &mut files);
    let news: BTreeSet<_> =
        files.0.keys().filter(|path| !before.0.contains_key(*path)).map(String::as_str).collect();
    let expected = ["1.0-as-2.1", "2.0-as-2.1", "2.1"]
        .map(|name| format!("golden/PaymentCompleted/{name}.json"));
    let mut expected: BTreeSet<_> = expected.iter().map(String::as_str).collect();
    expected.insert("schemas/PaymentCompleted/2.1.json");
    assert_eq!(news, expected);
    assert_eq!(files.get("golden/PaymentCompleted/1.0-as-2.0.json"), None, "nothing reads so now");
    let old = "schemas/PaymentCompleted/2.0.json";
    assert_eq!(files.get(old), before.get(old), "what was published stays");
    assert!(plan_of(&[LATER], &files).is_empty());

    files.0.remove(old);
    assert_contains(&problem(LATER, &files), &[old, "restore it"]);
}

/// The occasion of a new version is no way round what is pinned.
#[test]
fn a_minor_version_does_not_change_what_old_events_mean() {
    let mut files = files();
    edit(&mut files, "schemas/PaymentCompleted/2.0.json", |schema| {
        schema["properties"].as_object_mut().unwrap().remove("amount");
    });
    files.0.insert("golden/PaymentCompleted/2.1.json".to_owned(), golden("2.1", &paid()));
    let pinned = "golden/PaymentCompleted/1.0-as-2.0.json";
    edit(&mut files, pinned, |event| event["data"]["paymentId"] = json!("pay_0"));
    assert_contains(
        &problem(LATER, &files),
        &[pinned, "data.paymentId was \"pay_0\", is \"pay_1\""],
    );
    // What a member that was not there reads as is new, not different.
    edit(&mut files, pinned, |event| {
        drop(event["data"].as_object_mut().unwrap().remove("paymentId"))
    });
    assert_eq!(plan_of(&[LATER], &files).problems, []);
}

#[test]
fn a_minor_version_only_adds() {
    let mut files = files();
    files.0.insert("golden/PaymentCompleted/2.1.json".to_owned(), golden("2.1", &paid()));
    assert_contains(&problem(LATER, &files), &["2.1 adds nothing to 2.0"]);
    edit(&mut files, "schemas/PaymentCompleted/2.0.json", |schema| {
        schema["properties"]["paymentId"]["type"] = json!("integer");
    });
    assert_contains(
        &problem(LATER, &files),
        &["2.1 does not only add to 2.0", "paymentId", "as 3.0"],
    );
    let plan = plan_of(&[LATER], &files);
    assert!(!plan.write.contains_key("schemas/PaymentCompleted/2.1.json"));
}

#[test]
fn what_an_old_event_means_is_pinned() {
    let mut files = files();
    let path = "golden/PaymentCompleted/1.0-as-2.0.json";
    let pinned: Value = files.get(path).unwrap().parse().unwrap();
    assert_eq!(pinned["eventVersion"], "2.0");
    assert_eq!(pinned["data"], json!({ "orderId": "order-123", "paymentId": "pay_1" }));
    edit(&mut files, path, |event| event["data"]["amount"] = json!(7));
    assert_contains(
        &problem(PAYMENT, &files),
        &["data.amount was 7, is null", "mean something else"],
    );
    assert!(plan_of(&[PAYMENT], &files).write.is_empty(), "what was pinned is not rewritten");
    files.0.remove(path);
    let plan = plan_of(&[PAYMENT], &files);
    assert_eq!(plan.problems, []);
    assert_eq!(plan.write[path].parse::<Value>().unwrap(), pinned);
}

#[test]
fn a_golden_sample_is_there_and_shows_all_there_is() {
    let path = "golden/PaymentCompleted/2.0.json";
    let with = |text: String| {
        let mut files = files();
        files.0.insert(path.to_owned(), text);
        problem(PAYMENT, &files)
    };
    let mut less = paid();
    less.as_object_mut().unwrap().remove("amount");
    assert_contains(&with(golden("2.0", &less)), &["does not show amount"]);
    assert_contains(&with(golden("2.1", &paid())), &["is PaymentCompleted 2.1: move it"]);
    assert_contains(&with(golden("2.0", &json!({ "orderId": 7 }))), &[path, "orderId"]);
    assert_contains(&with("{".to_owned()), &[path, "EOF"]);
    let mut files = files();
    files.0.remove(path);
    assert_contains(&problem(PAYMENT, &files), &[path, "is missing"]);
}

#[test]
fn what_was_published_is_not_forgotten() {
    let mut files = files();
    files.0.insert("schemas/PaymentCompleted/0.9.json".to_owned(), "{}".to_owned());
    assert_contains(
        &problem(PAYMENT, &files),
        &["0.9.json belongs to no version", "put the version back"],
    );
    const SHORTER: Entry = Entry { versions: &[published(2, 0)], ..PAYMENT };
    files.0.remove("schemas/PaymentCompleted/0.9.json");
    let forgotten = plan_of(&[SHORTER], &files).problems;
    let stray = |name: &str| Problem::Stray { path: format!("{name}.json") };
    let expected = [
        "golden/PaymentCompleted/1.0-as-2.0",
        "golden/PaymentCompleted/1.0",
        "schemas/PaymentCompleted/1.0",
    ];
    assert_eq!(forgotten, expected.map(stray));
}

#[test]
fn the_envelope_may_only_gain() {
    let mut files = files();
    edit(&mut files, ENVELOPE, |schema| {
        schema["properties"].as_object_mut().unwrap().remove("causationId");
    });
    let plan = plan_of(&[PAYMENT], &files);
    assert_eq!(plan.problems, []);
    assert_eq!(plan.write.keys().collect::<Vec<_>>(), [ENVELOPE]);
    edit(&mut files, ENVELOPE, |schema| schema["properties"]["source"]["type"] = json!("integer"));
    assert_contains(
        &problem(PAYMENT, &files),
        &["the envelope has no versions", "source: `type` was"],
    );
}

#[test]
fn a_file_that_is_no_json_is_named() {
    for path in [ENVELOPE, "schemas/PaymentCompleted/2.0.json"] {
        let mut files = files();
        files.0.insert(path.to_owned(), "]".to_owned());
        assert_contains(&problem(PAYMENT, &files), &[path, "expected value"]);
    }
}

#[test]
fn files_are_written_where_they_are_read() {
    let root = tempfile::tempdir().unwrap();
    let mut files = files();
    Plan { write: files.0.clone(), ..Plan::default() }.apply(root.path()).unwrap();
    assert_eq!(Files::load(root.path()).unwrap(), files);
    files.0.remove(ENVELOPE);
    let plan = Plan { remove: [ENVELOPE.to_owned()].into(), ..Plan::default() };
    plan.apply(root.path()).unwrap();
    assert_eq!(Files::load(root.path()).unwrap(), files);
    let error = plan.apply(root.path()).unwrap_err().to_string();
    assert!(error.contains("Envelope.json"), "{error}");
}
