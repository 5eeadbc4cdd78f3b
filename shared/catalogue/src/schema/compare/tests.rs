use serde_json::json;

use super::*;

/// An order with what `change` does to it.
fn order(change: impl FnOnce(&mut Value)) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Order",
        "description": "An order.",
        "type": "object",
        "properties": {
            "orderId": { "description": "The order.", "$ref": "#/$defs/Id" },
            "items": { "type": "array", "items": { "$ref": "#/$defs/Item" } },
            "note": { "type": ["string", "null"] },
            "paid": { "anyOf": [{ "$ref": "#/$defs/Money" }, { "type": "null" }] },
            "tags": { "type": "array", "default": [], "items": { "type": "string" } },
            "reason": { "$ref": "#/$defs/Reason" },
            "colour": { "enum": ["red", "blue"] },
        },
        "required": ["orderId", "items"],
        "$defs": {
            "Id": { "type": "string", "pattern": "^[a-z]+$", "minLength": 1, "maxLength": 64 },
            "Item": {
                "type": "object",
                "properties": { "quantity": { "type": "integer", "minimum": 0 } },
                "required": ["quantity"],
            },
            "Money": {
                "type": "object",
                "properties": { "amount": { "type": "integer" } },
                "required": ["amount"],
                "additionalProperties": false,
            },
            "Reason": { "oneOf": [
                { "description": "Too little stock.", "type": "string", "const": "outOfStock" },
                { "description": "Not paid.", "type": "string", "const": "unpaid" },
            ] },
        },
    });
    change(&mut schema);
    schema
}

fn member<'a>(schema: &'a mut Value, name: &str) -> &'a mut Value {
    &mut schema["properties"][name]
}

#[track_caller]
fn same(change: impl FnOnce(&mut Value)) {
    let (older, newer) = (order(|_| ()), order(change));
    assert_ne!(older, newer, "the change changes nothing");
    assert_eq!(Comparison::of(&older, &newer), Comparison::default());
    assert_eq!(Comparison::of(&newer, &older), Comparison::default());
}

#[track_caller]
fn adds(path: &str, change: impl FnOnce(&mut Value)) {
    let (older, newer) = (order(|_| ()), order(change));
    let expected = Comparison { added: vec![path.to_owned()], breaches: Vec::new() };
    assert_eq!(Comparison::of(&older, &newer), expected);
    // What the one adds, the other way round is gone.
    let back = Comparison::of(&newer, &older);
    assert!(back.added.is_empty() && back.breaches[0].path == path, "{back:?}");
}

/// Breaks in both directions, each for its own reason.
#[track_caller]
fn breaks(path: &str, there: &str, back: &str, change: impl FnOnce(&mut Value)) {
    let (older, newer) = (order(|_| ()), order(change));
    for (comparison, reason) in
        [(Comparison::of(&older, &newer), there), (Comparison::of(&newer, &older), back)]
    {
        let [breach] = comparison.breaches.as_slice() else { panic!("{comparison:?}") };
        assert!(breach.path == path && breach.change.contains(reason), "{breach}");
        assert_eq!(comparison.added, Vec::<String>::new());
    }
}

const LIMIT: &str = "valid by one and not by the other";

#[test]
fn words_change_nothing() {
    same(|it| it["title"] = json!("Bestellung"));
    same(|it| it["description"] = json!("What a customer ordered."));
    same(|it| member(it, "note")["description"] = json!("For the parcel."));
    same(|it| member(it, "orderId")["description"] = json!("Which one."));
    same(|it| it["examples"] = json!([{}]));
    same(|it| it["$defs"]["Reason"]["oneOf"][0]["description"] = json!("Sold out."));
}

#[test]
fn how_it_is_written_changes_nothing() {
    same(|it| it["required"] = json!(["items", "orderId"]));
    same(|it| member(it, "note")["type"] = json!(["null", "string"]));
    same(|it| member(it, "colour")["enum"] = json!(["blue", "red"]));
    same(|it| it["$defs"]["Reason"]["oneOf"].as_array_mut().unwrap().reverse());
    same(|it| {
        let id = it["$defs"]["Id"].take();
        *member(it, "orderId") = id;
    });
    same(|it| {
        it["$defs"]["Name"] = it["$defs"]["Id"].take();
        member(it, "orderId")["$ref"] = json!("#/$defs/Name");
    });
}

#[test]
fn an_optional_member_is_an_addition() {
    adds("giftWrap", |it| *member(it, "giftWrap") = json!({ "type": "boolean" }));
    adds("giftWrap", |it| *member(it, "giftWrap") = json!(true));
    adds("items[].note", |it| {
        it["$defs"]["Item"]["properties"]["note"] = json!({ "type": "string" });
    });
}

#[test]
fn members_neither_come_required_nor_go() {
    breaks("giftWrap", "stored may lack it", "older readers miss it", |it| {
        *member(it, "giftWrap") = json!({ "type": "boolean" });
        it["required"] = json!(["orderId", "items", "giftWrap"]);
    });
    breaks("note", "now required", "no longer required", |it| {
        it["required"] = json!(["orderId", "items", "note"]);
    });
    let renamed = order(|it| {
        let note = it["properties"].as_object_mut().unwrap().remove("note").unwrap();
        *member(it, "remark") = note;
    });
    let comparison = Comparison::of(&order(|_| ()), &renamed);
    assert_eq!(comparison.added, ["remark"]);
    assert!(comparison.breaches[0].to_string().starts_with("note: is gone, or has another name"));
}

#[test]
fn what_is_closed_takes_nothing_new() {
    breaks("paid.digits", "refuse what is new", "is gone", |it| {
        it["$defs"]["Money"]["properties"]["digits"] = json!({ "type": "integer" });
    });
    breaks("paid", LIMIT, LIMIT, |it| {
        it["$defs"]["Money"]["additionalProperties"] = json!(true);
    });
    breaks("", LIMIT, LIMIT, |it| it["additionalProperties"] = json!(false));
}

#[test]
fn types_and_limits_stay() {
    breaks("items[].quantity", LIMIT, LIMIT, |it| {
        it["$defs"]["Item"]["properties"]["quantity"]["type"] = json!("number");
    });
    breaks("items[].quantity", LIMIT, LIMIT, |it| {
        it["$defs"]["Item"]["properties"]["quantity"]["minimum"] = json!(1);
    });
    breaks("note", LIMIT, LIMIT, |it| member(it, "note")["type"] = json!("string"));
    breaks("orderId", LIMIT, LIMIT, |it| it["$defs"]["Id"]["maxLength"] = json!(128));
    breaks("orderId", LIMIT, LIMIT, |it| it["$defs"]["Id"]["pattern"] = json!("^[a-z0-9]+$"));
    breaks("orderId", LIMIT, LIMIT, |it| member(it, "orderId")["format"] = json!("uuid"));
    breaks("tags[]", LIMIT, LIMIT, |it| member(it, "tags")["items"]["type"] = json!("integer"));
    breaks("paid", "other alternatives", "other alternatives", |it| {
        let alternatives = member(it, "paid")["anyOf"].as_array_mut();
        alternatives.unwrap().push(json!({ "type": "string" }));
    });
    breaks("paid.amount", LIMIT, LIMIT, |it| {
        it["$defs"]["Money"]["properties"]["amount"]["type"] = json!("string");
    });
}

#[test]
fn enumerations_are_closed() {
    breaks("colour", "may now be \"green\"", "may no longer be \"green\"", |it| {
        member(it, "colour")["enum"] = json!(["red", "blue", "green"]);
    });
    breaks("note", LIMIT, LIMIT, |it| member(it, "note")["enum"] = json!(["fragile"]));
    breaks("reason", "may now be \"lost\"", "may no longer be \"lost\"", |it| {
        let reasons = it["$defs"]["Reason"]["oneOf"].as_array_mut();
        reasons.unwrap().push(json!({ "type": "string", "const": "lost" }));
    });
}

#[test]
fn what_is_left_out_keeps_its_meaning() {
    let meaning = "mean something else";
    breaks("tags", meaning, meaning, |it| member(it, "tags")["default"] = json!(["new"]));
}

#[test]
fn what_it_does_not_know_it_does_not_allow() {
    breaks("tags", LIMIT, LIMIT, |it| member(it, "tags")["uniqueItems"] = json!(true));
    breaks("", LIMIT, LIMIT, |it| it["propertyNames"] = json!({ "pattern": "^[a-z]" }));
    breaks("note", LIMIT, LIMIT, |it| *member(it, "note") = json!(true));
    breaks("orderId", "cannot be compared", "cannot be compared", |it| {
        member(it, "orderId")["$ref"] = json!("#/$defs/Nothing");
    });
}

#[test]
fn a_type_that_contains_itself_is_refused_and_not_followed_for_ever() {
    let tree = json!({ "properties": { "child": { "$ref": "#" } } });
    let comparison = Comparison::of(&tree, &tree);
    assert!(comparison.breaches[0].change.contains("too deep"), "{comparison:?}");
    let circle = json!({ "$ref": "#/$defs/A", "$defs": { "A": { "$ref": "#/$defs/A" } } });
    let comparison = Comparison::of(&circle, &circle);
    assert!(comparison.breaches[0].change.contains("cannot be compared"), "{comparison:?}");
}
