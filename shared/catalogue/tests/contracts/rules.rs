//! The rules for changing a schema, held against a validator: a change that they let through as
//! none changes the verdict on no value.

use catalogue::{CATALOGUE, schema::Comparison};
use jsonschema::Validator;
use serde_json::Value;

use super::{agreement::changes, decode, golden, json};

fn verdicts(validator: &Validator, values: &[Value]) -> Vec<bool> {
    values.iter().map(|value| validator.is_valid(value)).collect()
}

/// Lists, members that may be left out, defaults, enumerations and limits: these two have them all.
#[test]
fn what_the_rules_call_the_same_is_the_same_to_a_validator() {
    for name in ["InventoryReservationFailed", "OrderCancelled"] {
        let entry = CATALOGUE.iter().find(|entry| entry.event_type == name).unwrap();
        let sample = decode(&golden(*entry, "2.0")).envelope.data;
        let values: Vec<Value> = changes(&sample).into_iter().map(|(_, value)| value).collect();
        let schema = json(&format!("schemas/{name}/2.0.json"));
        let before = verdicts(&jsonschema::validator_for(&schema).unwrap(), &values);
        let (mut same, mut other) = (0, 0);
        for (what, changed) in changes(&schema) {
            // Most changes leave no schema at all.
            let Ok(validator) = jsonschema::validator_for(&changed) else { continue };
            let comparison = Comparison::of(&schema, &changed);
            let after = verdicts(&validator, &values);
            assert!(comparison.added.is_empty(), "{name}{what}: {comparison:?}");
            if after == before {
                same += usize::from(comparison.breaches.is_empty());
            } else {
                other += 1;
                assert!(!comparison.breaches.is_empty(), "{name}{what}: let through");
            }
        }
        assert!(same > 100 && other > 100, "{name}: {same} the same, {other} others");
    }
}
