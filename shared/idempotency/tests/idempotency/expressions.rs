//! What JMESPath expressions name: keys, nothing, and numbers to the last digit.

use idempotency::{ByJmespath, Hashing, IdempotencyError, Identify, Identity};
use serde_json::{Value, json, value::RawValue};

fn key_of(expression: &str, event: &Value) -> Option<String> {
    let found = ByJmespath::key(expression).unwrap().identify(event);
    found.unwrap_or_else(|error| panic!("{expression}: {error}")).map(|it| it.key)
}

/// What an event with these digits and names is known by.
fn raw(by: &ByJmespath, event: &str) -> Result<Option<Identity>, IdempotencyError> {
    by.identify(&RawValue::from_string(event.to_owned()).unwrap())
}

/// The same within a text, as the body of a message has it.
fn body(by: &ByJmespath, event: &str) -> Result<Option<Identity>, IdempotencyError> {
    by.identify(&json!({ "body": event }))
}

#[track_caller]
fn assert_unreadable<T: std::fmt::Debug>(found: Result<T, IdempotencyError>, why: &str) {
    match found {
        Err(error @ IdempotencyError::UnreadableKey(_)) => {
            assert!(error.to_string().contains(why), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_selection_that_lacks_a_part_names_no_key() {
    for (expression, event) in [
        ("[user.uid, order_id]", json!({ "user": { "uid": "u1" } })),
        ("[user.uid, order_id]", json!({ "user": { "uid": "" }, "order_id": "" })),
        ("[user.uid, order_id]", json!({ "order_id": 7 })),
        ("[[user], order_id]", json!({ "order_id": 7 })),
        ("{a: {b: x}}", json!({})),
        ("{u: user, o: {id: order.id}}", json!({ "user": "u" })),
        ("{user: headers.user_id, order: body.order_id}", json!({ "headers": {}, "body": {} })),
        ("[user, tags]", json!({ "user": "u", "tags": [] })),
        ("[user, address]", json!({ "user": "u", "address": {} })),
        ("order", json!({ "order": { "id": null, "user": "u" } })),
        ("order", json!({ "order": [["o-1", ""]] })),
        ("order", json!({ "order": "" })),
        ("items[*].id", json!({ "items": [{}] })),
        ("@", json!(null)),
    ] {
        assert_eq!(key_of(expression, &event), None, "{expression} of {event}");
    }
}

#[test]
fn what_is_there_names_a_key_whatever_it_is() {
    let keys = [
        ("[user.uid, order_id]", json!({ "user": { "uid": "u1" }, "order_id": 1 })),
        ("order", json!({ "order": 0 })),
        ("order", json!({ "order": false })),
        ("order", json!({ "order": " " })),
        ("order", json!({ "order": [0, false] })),
        ("order", json!({ "order": { "id": 0 } })),
        ("\"user-id\"", json!({ "user-id": "x" })),
        ("not_null(a, b)", json!({ "b": "y" })),
        ("join('#', [a, b])", json!({ "a": "1", "b": "2" })),
    ];
    let keys = keys.map(|(expression, event)| key_of(expression, &event).unwrap());
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn a_body_that_is_not_there_names_no_key() {
    for event in [
        json!({}),
        json!({ "body": null }),
        json!({ "body": "" }),
        json!({ "body": " \n" }),
        json!({ "body": "null" }),
        json!({ "body": "{}" }),
    ] {
        for expression in ["powertools_json(body).id", "powertools_json(body).[id, user]"] {
            assert_eq!(key_of(expression, &event), None, "{expression} of {event}");
        }
    }
    for event in [json!({}), json!({ "body": null }), json!({ "body": "" })] {
        let expression = "powertools_json(powertools_base64(body)).id";
        assert_eq!(key_of(expression, &event), None, "{event}");
    }
    let by = ByJmespath::key("powertools_json(body).id").unwrap();
    assert_unreadable(by.identify(&json!({ "body": "no json" })), "not JSON");
    assert_unreadable(by.identify(&json!({ "body": 7 })), "powertools_json(body).id");
}

#[test]
fn a_function_that_is_not_there_is_named_when_the_expression_is_compiled() {
    let by = || ByJmespath::key("id").unwrap();
    for (expression, name) in [
        ("no_such_function(body)", "no_such_function"),
        ("powertools_json(body).[id, sha256(user)]", "sha256"),
        ("items[?lower(id) == 'x']", "lower"),
        ("powertools_base64_gzip(body)", "powertools_base64_gzip"),
        ("powertools_json()", "powertools_json"),
        ("join(',', a, b)", "join"),
    ] {
        assert_unreadable(ByJmespath::key(expression), name);
        assert_unreadable(by().payload(expression), name);
    }
    assert_unreadable(ByJmespath::key("powertools_json(body"), "");
}

#[test]
fn numbers_differ_to_the_last_digit() {
    let top = ByJmespath::key("id").unwrap().payload("id").unwrap();
    let inner = ByJmespath::key("powertools_json(body).id").unwrap();
    let inner = inner.payload("powertools_json(body).[id]").unwrap();
    let known: [&dyn Fn(&str) -> Identity; 2] =
        [&|event| raw(&top, event).unwrap().unwrap(), &|event| {
            body(&inner, event).unwrap().unwrap()
        }];
    for known in known {
        let is_same = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|id| known(&format!("{{\"id\":{id}}}")));
            assert_eq!(one.key == other.key, one.payload_hash == other.payload_hash);
            one == other
        };
        for (one, other) in [
            ("18446744073709551616", "18446744073709551617"),
            ("-9223372036854775809", "-9223372036854775810"),
            ("9007199254740992", "9007199254740993"),
            ("0.1", "0.10000000000000000001"),
            ("1e400", "1e401"),
            ("{\"n\":[100000000000000000001]}", "{\"n\":[100000000000000000002]}"),
            ("1", "\"1\""),
            ("1", "true"),
        ] {
            assert!(!is_same(one, other), "{one} and {other}");
        }
        for (one, other) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0", "-0"),
            ("[1.50]", "[ 15e-1 ]"),
            ("18446744073709551616", "18446744073709551616.0"),
        ] {
            assert!(is_same(one, other), "{one} and {other}");
        }
    }
}

#[test]
fn a_value_that_has_lost_digits_is_refused() {
    let by = ByJmespath::key("id").unwrap();
    let paying = ByJmespath::key("user").unwrap().payload("id").unwrap();
    for id in ["18446744073709551616", "-9223372036854775810", "[{\"n\":1e22}]"] {
        let event: Value = serde_json::from_str(&format!(r#"{{"user":"u","id":{id}}}"#)).unwrap();
        assert_unreadable(by.identify(&event), "may have lost digits");
        assert_unreadable(paying.identify(&event), "may have lost digits");
        assert_unreadable(Identity::new("u").with_payload(&event), "may have lost digits");
        assert!(key_of("user", &event).is_some(), "what is not selected does not matter");
    }
    let event: Value = serde_json::from_str(r#"{"id":18446744073709551615}"#).unwrap();
    assert_eq!(key_of("id", &event), raw(&by, &event.to_string()).unwrap().map(|it| it.key));
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let top = ByJmespath::key("id").unwrap();
    let inner = ByJmespath::key("powertools_json(body).id").unwrap();
    for event in [r#"{"id":1,"id":2}"#, r#"{"id":1,"to":[{"id":1,"\u0069d":1}]}"#] {
        assert_unreadable(raw(&top, event), "\"id\" is there twice");
        assert_unreadable(body(&inner, event), "\"id\" is there twice");
    }
}

#[test]
fn a_table_shared_with_python_hashes_as_python_does() {
    let by = |expression| ByJmespath::key(expression).unwrap().hashing(Hashing::PowertoolsPython);
    let hash = |event: &str| body(&by("powertools_json(body).id"), event).unwrap().unwrap().key;
    // python3 -c 'import hashlib, json; print(hashlib.md5(json.dumps(X).encode()).hexdigest())'
    assert_eq!(hash(r#"{"id":18446744073709551617}"#), "9a7b5e45382e8c0eea9d494d2c7926f2");
    assert_eq!(hash(r#"{"id":1e20}"#), "8ed871928bef5bf717c0fd92ccdab30d");
    assert_eq!(hash(r#"{"id":["a",1,1.0,null]}"#), "6ccb83ca4dc2a7b13c84a9c7dd2a3669");
    assert_ne!(hash(r#"{"id":1}"#), hash(r#"{"id":1.0}"#), "they differ in Python");
    // Such a list is a key there, so it has to be one here.
    assert!(by("[user, order]").identify(&json!({ "user": "u" })).unwrap().is_some());
    assert!(by("[user, order]").identify(&json!({})).unwrap().is_none());
    assert!(by("id").identify(&json!({ "id": 1e20 })).unwrap().is_some(), "a float to both");
}
