use std::sync::{
    Arc, Mutex as Lock,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;

/// A key of its own, with the id under which it is published.
struct Signer {
    id: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(id: &'static str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self { id, pair }
    }

    fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "kid": self.id, "x": encode(x), "y": encode(y) })
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({ "alg": "ES256", "kid": self.id }), claims)
    }

    fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let [header, claims] = [header, claims].map(|it| encode(it.to_string().as_bytes()));
        let signed = format!("{header}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature.as_ref()))
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An issuer on this machine: what it publishes can be changed, and requests are counted.
struct Issuer {
    url: String,
    keys: Arc<Lock<Vec<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(keys: Vec<Value>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // With a slash at its end, as Auth0 has it.
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let keys = Arc::new(Lock::new(keys));
        let asked = Arc::new(AtomicUsize::new(0));
        let configuration = json!({ "issuer": url, "jwks_uri": format!("{url}keys") });
        let (published, count) = (Arc::clone(&keys), Arc::clone(&asked));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(configuration)))
            .route(
                "/keys",
                get(async move || {
                    count.fetch_add(1, Ordering::SeqCst);
                    Json(json!({ "keys": *published.lock().unwrap() }))
                }),
            );
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, keys, asked }
    }

    fn verifier(&self, ask_again_after: Duration) -> Verifier {
        let issuer = TokenIssuer { url: self.url.clone(), audience: "shop".to_owned() };
        Verifier { ask_again_after, ..Verifier::new(issuer).unwrap() }
    }

    fn claims(&self, more: &Value) -> Value {
        let mut claims = json!({
            "iss": self.url, "sub": "auth0|1", "aud": "shop", "exp": NOW + 60, "iat": NOW - 60,
            "scp": ["orders:read", "openid"], "admin": true,
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }
}

#[tokio::test]
async fn a_token_that_holds_gives_its_claims_as_text() {
    let signer = Signer::new("one");
    let issuer = Issuer::start(vec![signer.jwk()]).await;
    let verifier = issuer.verifier(ASKED_AGAIN_AFTER);
    let claims = verifier.verify(&signer.sign(&issuer.claims(&json!({}))), NOW).await.unwrap();
    assert_eq!(claims["sub"], "auth0|1");
    assert_eq!(claims["scp"], "[orders:read openid]");
    assert_eq!((claims["exp"].as_str(), claims["admin"].as_str()), ("1800000060", "true"));
    // Cognito names the client alone.
    let mut cognito = issuer.claims(&json!({ "client_id": "shop" }));
    cognito.as_object_mut().unwrap().remove("aud");
    assert!(verifier.verify(&signer.sign(&cognito), NOW).await.is_ok());
    let several = issuer.claims(&json!({ "aud": ["other", "shop"], "exp": 1_800_000_060.5 }));
    assert!(verifier.verify(&signer.sign(&several), NOW).await.is_ok());
}

#[tokio::test]
async fn claims_that_do_not_hold_are_named() {
    let signer = Signer::new("one");
    let issuer = Issuer::start(vec![signer.jwk()]).await;
    let verifier = issuer.verifier(ASKED_AGAIN_AFTER);
    let no_slash = issuer.url.trim_end_matches('/');
    for (more, reason) in [
        (json!({ "aud": "other" }), Invalid::Audience),
        (json!({ "aud": ["other"], "client_id": "shop" }), Invalid::Audience),
        (json!({ "iss": no_slash }), Invalid::Issuer),
        (json!({ "iss": null }), Invalid::Issuer),
        (json!({ "exp": NOW }), Invalid::Expired),
        (json!({ "exp": "4102444800" }), Invalid::Malformed),
        (json!({ "exp": null }), Invalid::Malformed),
        (json!({ "nbf": NOW + 1 }), Invalid::NotYet),
        (json!({ "nbf": "yesterday" }), Invalid::Malformed),
        (json!({ "iat": NOW + 1 }), Invalid::NotYet),
    ] {
        let token = signer.sign(&issuer.claims(&more));
        assert_eq!(verifier.verify(&token, NOW).await, Err(reason), "{more}");
    }
}

#[tokio::test]
async fn what_the_issuer_has_not_signed_is_refused() {
    let (signer, thief) = (Signer::new("one"), Signer::new("one"));
    let encryption = json!({ "kty": "RSA", "kid": "enc", "use": "enc", "n": "AQAB", "e": "AQAB" });
    let issuer = Issuer::start(vec![signer.jwk(), encryption, json!({ "kty": "oct" })]).await;
    let verifier = issuer.verifier(ASKED_AGAIN_AFTER);
    let claims = issuer.claims(&json!({}));
    let good = signer.sign(&claims);
    let other = encode(issuer.claims(&json!({ "sub": "admin" })).to_string().as_bytes());
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned =
        |header: Value| format!("{}.{}.", encode(header.to_string().as_bytes()), parts[1]);
    for (token, reason) in [
        (thief.sign(&claims), Invalid::Signature),
        (format!("{}.{other}.{}", parts[0], parts[2]), Invalid::Signature),
        (format!("{}.{}.", parts[0], parts[1]), Invalid::Signature),
        (unsigned(json!({ "alg": "none", "kid": "one" })), Invalid::Algorithm),
        (unsigned(json!({ "alg": "HS256", "kid": "one" })), Invalid::Algorithm),
        (signer.sign_as(&json!({ "alg": "RS256", "kid": "one" }), &claims), Invalid::Algorithm),
        (signer.sign_as(&json!({ "alg": "ES256" }), &claims), Invalid::Malformed),
        (
            signer.sign_as(&json!({ "alg": "ES256", "kid": "one", "crit": ["b64"] }), &claims),
            Invalid::Malformed,
        ),
        (signer.sign_as(&json!({ "alg": "ES256", "kid": "enc" }), &claims), Invalid::UnknownKey),
        ("alice".to_owned(), Invalid::Segments),
        ("a.b".to_owned(), Invalid::Segments),
        ("a.b.c.d".to_owned(), Invalid::Segments),
        ("?.?.?".to_owned(), Invalid::Malformed),
    ] {
        assert_eq!(verifier.verify(&token, NOW).await, Err(reason), "{token}");
    }
}

#[test]
fn a_signature_by_rsa_is_checked() {
    let sample: Value = serde_json::from_str(include_str!("rs256.json")).unwrap();
    let keys = keys::parse(json!({ "keys": [sample["jwk"]] }).to_string().as_bytes()).unwrap();
    let text = sample["token"].as_str().unwrap();
    let token = Token::parse(text).unwrap();
    assert_eq!(token.check_signature(&keys["rsa-1"]), Ok(()));
    let issuer =
        TokenIssuer { url: "http://issuer.test/".to_owned(), audience: "orderly".to_owned() };
    assert_eq!(check_claims(&token.claims, &issuer, NOW), Ok(()));
    let (rest, signature) = text.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{rest}.{other}{}", &signature[1..]);
    let forged = Token::parse(&forged).unwrap();
    assert_eq!(forged.check_signature(&keys["rsa-1"]), Err(Invalid::Signature));
}

#[tokio::test]
async fn a_key_that_is_new_is_fetched_and_an_invented_one_asks_but_once() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let issuer = Issuer::start(vec![old.jwk()]).await;
    let claims = issuer.claims(&json!({}));
    let verifier = issuer.verifier(Duration::ZERO);
    for _ in 0..3 {
        assert!(verifier.verify(&old.sign(&claims), NOW).await.is_ok());
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1, "keys are kept");
    *issuer.keys.lock().unwrap() = vec![new.jwk()];
    assert!(verifier.verify(&new.sign(&claims), NOW).await.is_ok());
    assert_eq!(verifier.verify(&old.sign(&claims), NOW).await, Err(Invalid::UnknownKey));

    let before = issuer.asked.load(Ordering::SeqCst);
    let patient = issuer.verifier(ASKED_AGAIN_AFTER);
    for _ in 0..20 {
        let invented = new.sign_as(&json!({ "alg": "ES256", "kid": "invented" }), &claims);
        assert_eq!(patient.verify(&invented, NOW).await, Err(Invalid::UnknownKey));
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn an_issuer_that_is_unavailable_or_another_lets_no_caller_in() {
    let signer = Signer::new("one");
    let issuer = Issuer::start(vec![signer.jwk()]).await;
    let token = signer.sign(&issuer.claims(&json!({})));
    for url in ["http://127.0.0.1:9/".to_owned(), format!("{}/", issuer.url)] {
        let other = TokenIssuer { url, audience: "shop".to_owned() };
        let verifier = Verifier::new(other).unwrap();
        assert_eq!(verifier.verify(&token, NOW).await, Err(Invalid::UnknownKey));
    }
}
