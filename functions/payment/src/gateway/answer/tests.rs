use serde_json::{Value, json};

use super::*;

fn attempt(status: &str, change: Value) -> Intent {
    let mut intent = json!({
        "id": "pi_1", "amount_received": 10_997, "currency": "usd", "status": status,
    });
    if let (Some(intent), Value::Object(change)) = (intent.as_object_mut(), change) {
        intent.extend(change);
    }
    serde_json::from_value(intent).unwrap()
}

fn refused_for(code: &str) -> Intent {
    let error = json!({ "code": "card_declined", "decline_code": code });
    attempt("requires_payment_method", json!({ "last_payment_error": error }))
}

fn declined(code: DeclineCode) -> Ending {
    Ending::Known(Input::Declined(code.into()))
}

fn waiting() -> Ending {
    Ending::Waiting(Id("pi_1".to_owned()))
}

#[test]
fn of_several_attempts_the_one_that_took_money_counts() {
    let open = || attempt("requires_confirmation", json!({}));
    let refused = || refused_for("insufficient_funds");
    assert_eq!(charged(vec![]).unwrap(), Ending::Nothing);
    assert_eq!(charged(vec![open()]).unwrap(), Ending::Nothing);
    let captured = charged(vec![refused(), open(), attempt("succeeded", json!({}))]);
    let capture = Capture { payment_id: "pi_1".into(), amount: Money::usd(10_997) };
    assert_eq!(captured.unwrap(), Ending::Known(Input::Captured(capture)));
    let refused = charged(vec![open(), refused()]).unwrap();
    assert_eq!(refused, declined(DeclineCode::InsufficientFunds));
}

#[test]
fn an_attempt_under_way_is_waited_for() {
    let attempts = vec![refused_for("do_not_honor"), attempt("processing", json!({}))];
    assert!(charged(attempts).unwrap_err().is_retry());
}

#[test]
fn two_captures_are_a_matter_for_people() {
    let taken = || attempt("succeeded", json!({}));
    let failure = charged(vec![taken(), taken()]).unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
}

#[test]
fn an_attempt_that_waits_for_the_customer_is_to_be_cancelled_and_then_a_refusal() {
    let action = || attempt("requires_action", json!({}));
    assert_eq!(action().ending().unwrap(), waiting());
    assert_eq!(refused_for("authentication_required").ending().unwrap(), waiting());
    assert_eq!(charged(vec![refused_for("lost_card"), action()]).unwrap(), waiting());
    let cancelled = attempt("canceled", json!({ "cancellation_reason": "abandoned" }));
    assert_eq!(cancelled.ending().unwrap(), declined(DeclineCode::AuthenticationRequired));
    assert_eq!(attempt("canceled", json!({})).ending().unwrap(), Ending::Nothing);
}

#[test]
fn what_is_no_id_is_not_taken_for_one() {
    for text in ["", "Jane Doe", "pi-1", "jane@example.com"] {
        assert!(Id::try_from(text.to_owned()).is_err(), "{text}");
    }
}
