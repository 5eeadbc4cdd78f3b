//! What patterns match: one table per kind of filter, each a pattern with events that match
//! and events that do not.

use local_event_pattern::Pattern;
use serde_json::{Value, json};

#[track_caller]
fn check(pattern: Value, matching: &[Value], others: &[Value]) {
    let parsed = Pattern::parse(&pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    for event in matching {
        assert!(parsed.matches(event), "{pattern} should match {event}");
    }
    for event in others {
        assert!(!parsed.matches(event), "{pattern} should not match {event}");
    }
}

/// Checks what a pattern accepts as the one field `f`.
#[track_caller]
fn check_field(accepts: Value, matching: &[Value], others: &[Value]) {
    let wrap = |values: &[Value]| values.iter().map(|it| json!({"f": it})).collect::<Vec<_>>();
    check(json!({"f": accepts}), &wrap(matching), &wrap(others));
}

#[test]
fn plain_values_match_themselves() {
    check_field(json!(["a", ""]), &[json!("a"), json!("")], &[json!("A"), json!(null), json!(1)]);
    check_field(json!([null]), &[json!(null)], &[json!("null"), json!(false), json!([])]);
    check_field(json!([true]), &[json!(true)], &[json!("true"), json!(false), json!(1)]);
    check_field(json!([300]), &[json!(300), json!(300.0), json!(3e2)], &[json!("300"), json!(30)]);
    check_field(json!([{"exactly": "a"}]), &[json!("a")], &[json!("b")]);
}

#[test]
fn addresses_match_in_any_spelling() {
    check_field(json!(["::1"]), &[json!("0:0:0:0:0:0:0:1")], &[json!("::2"), json!("127.0.0.1")]);
    check_field(json!(["10.0.0.7"]), &[json!("10.0.0.7")], &[json!("10.0.0.8")]);
    // Looks a little like an address, and is none.
    check_field(json!(["12:30"]), &[json!("12:30")], &[json!("12:31")]);
    check_field(
        json!([{"cidr": "10.0.0.0/24"}]),
        &[json!("10.0.0.255")],
        &[json!("10.0.1.0"), json!("ten"), json!(10)],
    );
}

#[test]
fn text_filters_match_text_only() {
    check_field(json!([{"prefix": "ab"}]), &[json!("abc")], &[json!("cab"), json!(null)]);
    check_field(json!([{"prefix": ""}]), &[json!(""), json!("x")], &[json!(1), json!(null)]);
    check_field(json!([{"suffix": ".png"}]), &[json!("x.png")], &[json!("x.PNG"), json!(".pn")]);
    check_field(
        json!([{"prefix": {"equals-ignore-case": "AB"}}, {"suffix": {"equals-ignore-case": ".PNG"}}]),
        &[json!("aBc"), json!("x.pNg")],
        &[json!("cab"), json!("png")],
    );
    check_field(json!([{"equals-ignore-case": "ÄB"}]), &[json!("äb")], &[json!("äbc")]);
    check_field(
        json!([{"wildcard": "arn:*:queue/*"}]),
        &[json!("arn:aws:sqs:queue/x"), json!("arn::queue/")],
        &[json!("arn:queue/x"), json!("arn:aws:topic/x")],
    );
}

#[test]
fn anything_but_wants_a_value_that_is_none_of_these() {
    let others = [json!("z"), json!(null), json!(7), json!(true)];
    check_field(json!([{"anything-but": "a"}]), &others, &[json!("a"), json!([]), json!({})]);
    check_field(json!([{"anything-but": ["a", "b"]}]), &others, &[json!("a"), json!("b")]);
    check_field(json!([{"anything-but": [1, 2]}]), &others, &[json!(1), json!(2.0)]);
    check_field(json!([{"anything-but": {"prefix": ["a", "b"]}}]), &others, &[json!("bx")]);
    check_field(json!([{"anything-but": {"suffix": "a"}}]), &others, &[json!("xa")]);
    check_field(json!([{"anything-but": {"wildcard": ["a*a", "b*"]}}]), &others, &[json!("axa")]);
    check_field(json!([{"anything-but": {"equals-ignore-case": "A"}}]), &others, &[json!("a")]);
    // Each element of an array stands for itself: one other element is enough.
    check_field(json!([{"anything-but": "a"}]), &[json!(["a", "b"])], &[json!(["a", "a"])]);
}

#[test]
fn numeric_compares_by_value() {
    check_field(
        json!([{"numeric": [">", 0, "<=", 5]}]),
        &[json!(5), json!(5.0), json!(1e-7)],
        &[json!(0), json!(5.0001), json!("3"), json!(null)],
    );
    check_field(json!([{"numeric": ["=", 3.018e2]}]), &[json!(301.8)], &[json!(301)]);
    check_field(json!([{"numeric": ["<", -1]}]), &[json!(-1.5)], &[json!(-1)]);
    check_field(json!([{"numeric": [">=", 10]}]), &[json!(10)], &[json!(9.99)]);
}

#[test]
fn exists_looks_at_leaves() {
    check(
        json!({"a": {"b": [{"exists": true}]}}),
        &[json!({"a": {"b": null}}), json!({"a": [{"c": 1}, {"b": 1}]})],
        &[json!({"a": {"b": {}}}), json!({"a": {"b": []}}), json!({"a": 1}), json!({})],
    );
    check(
        json!({"a": {"b": [{"exists": false}]}}),
        &[json!({"a": {"b": {"c": 1}}}), json!({}), json!({"a": {"b": []}})],
        &[json!({"a": {"b": null}}), json!({"a": [{"c": 1}, {"b": 1}]})],
    );
    check(
        json!({"f": ["a", {"exists": false}]}),
        &[json!({"f": "a"}), json!({"g": 1})],
        &[json!({"f": "b"})],
    );
}

#[test]
fn fields_are_all_demanded() {
    check(
        json!({"source": ["order-service"], "detail": {"data": {"total": [{"numeric": [">", 0]}]}}}),
        &[json!({"source": "order-service", "detail": {"data": {"total": 1}}, "more": 1})],
        &[
            json!({"source": "other", "detail": {"data": {"total": 1}}}),
            json!({"source": "order-service", "detail": {"total": 1}}),
            json!({"source": "order-service"}),
        ],
    );
}

#[test]
fn or_takes_any_branch_and_its_neighbours_hold_too() {
    check(
        json!({"s": ["x"], "$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}]}),
        &[json!({"s": "x", "a": 1}), json!({"s": "x", "b": 2, "d": 4})],
        &[json!({"s": "y", "a": 1}), json!({"s": "x", "b": 2}), json!({"s": "x", "d": 4})],
    );
    // Two `$or`s at different depths multiply.
    check(
        json!({"$or": [{"a": [1]}, {"b": [1]}], "n": {"$or": [{"a": [1]}, {"b": [1]}]}}),
        &[json!({"b": 1, "n": {"a": 1}})],
        &[json!({"n": {"a": 1}}), json!({"b": 1, "n": {}})],
    );
    // The later definition of a path is the one that counts.
    check(
        json!({"$or": [{"f": ["a"]}, {"g": [1]}], "f": ["b"]}),
        &[json!({"f": "b"}), json!({"f": "b", "g": 1})],
        &[json!({"f": "a"})],
    );
}

#[test]
fn or_is_a_plain_name_where_it_cannot_be_a_choice() {
    check(json!({"$or": {"a": [1]}}), &[json!({"$or": {"a": 1}})], &[json!({"a": 1})]);
    check(
        json!({"$or": [{"prefix": "a"}, {"suffix": "b"}]}),
        &[json!({"$or": "xb"})],
        &[json!({"prefix": "a"})],
    );
}

#[test]
fn matches_below_an_array_come_from_one_element() {
    let both = json!({"items": {"sku": ["p1"], "quantity": [2]}});
    check(
        both,
        &[json!({"items": [{"sku": "p0", "quantity": 1}, {"sku": "p1", "quantity": 2}]})],
        &[json!({"items": [{"sku": "p1", "quantity": 1}, {"sku": "p0", "quantity": 2}]})],
    );
    // Arrays that are not each other's ancestors are independent.
    check(
        json!({"a": {"x": [1]}, "b": {"x": [2]}}),
        &[json!({"a": [{"x": 0}, {"x": 1}], "b": [{"x": 2}, {"x": 0}]})],
        &[json!({"a": [{"x": 2}], "b": [{"x": 1}]})],
    );
    check(
        json!({"o": {"k": [1], "i": {"x": [1], "y": [2]}}}),
        &[json!({"o": [{"k": 0}, {"k": 1, "i": [{"x": 0}, {"x": 1, "y": 2}]}]})],
        &[
            json!({"o": [{"k": 0, "i": [{"x": 1, "y": 2}]}, {"k": 1}]}),
            json!({"o": [{"k": 1, "i": [{"x": 1}, {"y": 2}]}]}),
        ],
    );
    check(
        json!({"o": {"a": [1], "b": [{"exists": false}]}}),
        &[json!({"o": [{"a": 0, "b": 1}, {"a": 1}]})],
        &[json!({"o": [{"a": 0}, {"a": 1, "b": 1}]})],
    );
}

#[test]
fn a_dot_in_a_name_is_a_step() {
    check(
        json!({"detail.state": ["on"]}),
        &[json!({"detail": {"state": "on"}}), json!({"detail.state": "on"})],
        &[json!({"detail": "state"})],
    );
}

#[test]
fn large_arrays_take_linear_work() {
    let lines = |from: u64| (from..from + 20_000).map(|it| json!({"x": it, "y": it + 1, "z": 0}));
    let event = json!({
        "a": lines(0).collect::<Vec<_>>(),
        "b": lines(1).collect::<Vec<_>>(),
    });
    let any = json!([{"exists": true}]);
    let line = json!({"x": any, "y": any, "z": [1]});
    check(json!({"a": {"x": any, "y": any}, "b": line}), &[], &[event]);
}
