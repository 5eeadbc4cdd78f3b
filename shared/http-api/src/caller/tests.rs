use std::collections::BTreeSet;

use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Request;

const ISSUER: &str = "https://shop.eu.auth0.com/";

fn scope(name: &str) -> TokenScope {
    TokenScope::parse(name).unwrap()
}

fn ask(claims: &Value, scope: &TokenScope) -> Result<String, u16> {
    let context =
        json!({ "http": { "method": "GET" }, "authorizer": { "jwt": { "claims": claims } } });
    let event = serde_json::from_value(json!({ "requestContext": context })).unwrap();
    let asked = Request::new(&event).caller(scope);
    asked.map(|it| it.to_string()).map_err(|problem| problem.status().as_u16())
}

fn id(subject: &str) -> String {
    caller_id(ISSUER, subject).unwrap().to_string()
}

#[test]
fn a_subject_that_is_an_identifier_is_its_own_id() {
    for subject in [
        "user-123",
        "a_b",
        "00u5f3k2QmXyZ1aBc0h7",
        "b3b7c1de-5f60-4a5e-9a0f-0c4de3f1a2b4",
        "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "110169484474386276334",
        &"u".repeat(64),
    ] {
        assert_eq!(id(subject), subject);
    }
}

#[test]
fn any_other_subject_has_an_id_that_does_not_reveal_it() {
    let subjects = [
        "auth0|5f7c8ec7c33c6c004bbafe82",
        "samlp|corp|ann.miller@corp.example",
        "kq4yUP3pGQ9mWb0@clients",
        "ann@customers.example",
        "us-east-1:2c5e8f10-0000-4aaa-8bbb-121212121212",
        "Ann Miller",
        "ånn",
        "../ann",
        "ann#admin",
        " ann",
        "ann\n",
        "\0",
        &"u".repeat(65),
        &"u".repeat(255),
        &"u".repeat(SUBJECT_BYTES_MAX),
    ];
    let ids: BTreeSet<String> = subjects.iter().map(|subject| id(subject)).collect();
    assert_eq!(ids.len(), subjects.len(), "each is another caller");
    for id in ids {
        let hash = id.strip_prefix("cust_").unwrap();
        assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
    // Ids are kept in events for ever.
    assert_eq!(id("auth0|5f7c8ec7c33c6c004bbafe82"), "cust_e1af936edfebe24634c8444eec418a17");
}

#[test]
fn no_subject_can_have_the_id_of_another() {
    let victim = id("ann@customers.example");
    for subject in [victim.as_str(), "cust_", "cust_1", "cust_ann"] {
        let own = id(subject);
        assert!(own.starts_with("cust_") && own != subject && own != victim, "{subject}");
    }
}

#[test]
fn the_same_text_of_two_issuers_is_two_people() {
    let other = caller_id("https://shop.eu.auth0.com", "auth0|1").unwrap();
    assert_ne!(other.as_str(), id("auth0|1"), "a slash makes another issuer");
    let (left, right) = (caller_id("ab", "c|d"), caller_id("a", "bc|d"));
    assert_ne!(left, right, "the two do not run together");
}

#[test]
fn a_blank_or_endless_subject_is_invalid() {
    for subject in ["", " ", "\t\n ", "\u{a0}\u{2003}"] {
        assert_eq!(caller_id(ISSUER, subject), Err(InvalidSubject::Blank), "{subject:?}");
        let claims = json!({ "iss": ISSUER, "sub": subject, "scope": "orders:read" });
        assert_eq!(ask(&claims, &scope("orders:read")), Err(401));
    }
    let endless = "u".repeat(SUBJECT_BYTES_MAX + 1);
    assert_eq!(caller_id(ISSUER, &endless), Err(InvalidSubject::TooLong));
}

proptest! {
    #[test]
    fn two_subjects_are_two_callers(left in "[ -~]{1,80}", right in "[ -~]{1,80}") {
        let ids = [caller_id(ISSUER, &left), caller_id(ISSUER, &right)];
        if ids.iter().all(Result::is_ok) {
            prop_assert_eq!(ids[0] == ids[1], left == right);
        }
    }
}

#[test]
fn tokens_of_known_issuers_name_their_callers() {
    let cognito = json!({
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12", "token_use": "access",
        "sub": "0a1b2c3d-4e5f-4a6b-8c7d-1f2e3d4c5b6a", "username": "ann@customers.example",
        "client_id": "3fkq", "scope": "shop/orders.read shop/orders.write",
    });
    let okta = json!({
        "iss": "https://corp.okta.com/oauth2/default", "aud": "api://shop", "uid": "00u5f3k2",
        "sub": "ann@corp.example", "scp": "[orders:read offline_access]",
    });
    let entra = json!({
        "iss": "https://login.microsoftonline.com/1b2c/v2.0", "aud": "api://shop",
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "scp": "Orders.Read Orders.Write",
    });
    let machine = json!({
        "iss": ISSUER, "sub": "kq4yUP3pGQ9mWb0@clients", "gty": "client-credentials",
        "scope": "orders:read", "permissions": "[orders:read stock:count]",
    });
    for (claims, name) in [
        (&cognito, "shop/orders.read"),
        (&okta, "orders:read"),
        (&entra, "Orders.Read"),
        (&machine, "orders:read"),
    ] {
        assert!(ask(claims, &scope(name)).is_ok(), "{claims}");
        assert_eq!(ask(claims, &scope("orders")), Err(403), "{claims}");
    }
    let count = scope("stock:count");
    assert_eq!(ask(&machine, &count), Err(403));
    assert!(ask(&machine, &count.in_claim("permissions").unwrap()).is_ok());
}

#[test]
fn a_scope_is_met_letter_for_letter() {
    let configured = scope("shop/orders.read");
    let unqualified = scope("orders.read");
    let of = |list: &str| json!({ "sub": "ann", "scope": list });
    assert!(ask(&of("openid shop/orders.read"), &configured).is_ok());
    for list in [
        "evil/orders.read",
        "orders.read",
        "shop/orders.read2",
        "xshop/orders.read",
        "shop/orders.read/x",
        "Shop/orders.read",
        "[shop/orders.read",
        "shop/orders.read]",
        "shop/orders.read,openid",
    ] {
        assert_eq!(ask(&of(list), &configured), Err(403), "{list}");
    }
    for list in ["shop/orders.read", "evil/orders.read", "[shop/orders.read]"] {
        assert_eq!(ask(&of(list), &unqualified), Err(403), "{list}");
    }
}

#[test]
fn a_configured_claim_is_the_only_one() {
    let configured = scope("shoppers").in_claim("cognito:groups").unwrap();
    let groups = |use_: &str| json!({ "sub": "ann", "cognito:groups": "[staff shoppers]", "token_use": use_ });
    assert!(ask(&groups("access"), &configured).is_ok());
    assert_eq!(ask(&groups("id"), &configured), Err(401), "an ID token has groups as well");
    assert_eq!(
        ask(&json!({ "sub": "ann", "scope": "shoppers", "scp": "shoppers" }), &configured),
        Err(403)
    );
}

#[test]
fn a_name_that_no_token_could_have_is_refused() {
    for text in ["", " ", "a b", "a\"b", "a\\b", "[a]", "é", "a\n", &"s".repeat(256)] {
        let error = TokenScope::parse(text).unwrap_err();
        assert_eq!(error.text, text);
        assert!(scope("a").in_claim(text).is_err());
    }
}

#[test]
fn a_missing_scope_is_named() {
    let context = json!({ "http": { "method": "GET" }, "authorizer": { "jwt": { "claims": { "sub": "ann" } } } });
    let event = serde_json::from_value(json!({ "requestContext": context })).unwrap();
    let problem = Request::new(&event).caller(&scope("shop/orders.read")).unwrap_err();
    assert_eq!(problem.status(), StatusCode::FORBIDDEN);
    assert!(problem.to_string().contains("shop/orders.read"), "{problem}");
}
