//! What functions see: the proxy events of a WebSocket API, and what its authorizer is asked.
//!
//! Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{CONNECT, DISCONNECT, Inner};
use crate::event::LOG_TIME;

/// A connection as events name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) connection_id: &'a str,
    pub(super) connected_at: OffsetDateTime,
    pub(super) domain: &'a str,
    pub(super) identity: &'a Value,
    pub(super) authorizer: Option<&'a Value>,
}

/// What a client asks to be let in with.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) headers: BTreeMap<String, Vec<String>>,
    pub(super) query: BTreeMap<String, Vec<String>>,
}

/// A message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Text(String),
    Binary(Bytes),
}

impl Asked {
    pub(super) fn new(headers: &HeaderMap, query: &str, source_ip: &str) -> Self {
        let mut asked = Self { headers: BTreeMap::new(), query: BTreeMap::new() };
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            asked.headers.entry(name.to_string()).or_default().push(value);
        }
        let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let port = host.rsplit_once(':').map_or("80", |(_name, port)| port);
        for (name, value) in [
            ("x-forwarded-for", source_ip),
            ("x-forwarded-port", port),
            ("x-forwarded-proto", "http"),
        ] {
            asked.headers.entry(name.to_owned()).or_insert_with(|| vec![value.to_owned()]);
        }
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            asked.query.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        asked
    }

    /// The headers and parameters, each with the last of its values and with all of them; what
    /// there is none of is left out.
    fn write_to(&self, event: &mut Map<String, Value>) {
        for (single, multiple, values) in [
            ("headers", "multiValueHeaders", &self.headers),
            ("queryStringParameters", "multiValueQueryStringParameters", &self.query),
        ] {
            if values.is_empty() {
                continue;
            }
            let last = values.iter().map(|(name, all)| (name, all.last()));
            event.insert(single.to_owned(), json!(last.collect::<BTreeMap<_, _>>()));
            event.insert(multiple.to_owned(), json!(values));
        }
    }
}

impl Inner {
    /// A client asks to be let in.
    pub(super) fn connect_event(&self, of: Of<'_>, asked: &Asked) -> Value {
        let mut event = Map::new();
        asked.write_to(&mut event);
        let context = self.context(of, CONNECT, "CONNECT", &self.ids.next());
        event.insert("requestContext".to_owned(), Value::Object(context));
        event.insert("isBase64Encoded".to_owned(), json!(false));
        Value::Object(event)
    }

    /// An authorizer is asked about a client.
    pub(super) fn authorizer_event(&self, of: Of<'_>, asked: &Asked, method_arn: &str) -> Value {
        let mut event = Map::new();
        event.insert("type".to_owned(), json!("REQUEST"));
        event.insert("methodArn".to_owned(), json!(method_arn));
        for empty in ["queryStringParameters", "multiValueQueryStringParameters", "stageVariables"]
        {
            event.insert(empty.to_owned(), json!({}));
        }
        asked.write_to(&mut event);
        let context = self.context(of, CONNECT, "CONNECT", &self.ids.next());
        event.insert("requestContext".to_owned(), Value::Object(context));
        Value::Object(event)
    }

    /// A client has sent something.
    pub(super) fn message_event(
        &self,
        of: Of<'_>,
        route_key: &str,
        request_id: &str,
        body: &Body,
    ) -> Value {
        let mut context = self.context(of, route_key, "MESSAGE", request_id);
        context.insert("messageId".to_owned(), json!(self.ids.next()));
        let (body, is_base64) = match body {
            Body::Text(text) => (text.clone(), false),
            Body::Binary(bytes) => (STANDARD.encode(bytes), true),
        };
        json!({ "requestContext": context, "body": body, "isBase64Encoded": is_base64 })
    }

    /// A client is gone.
    pub(super) fn disconnect_event(&self, of: Of<'_>, code: u16, reason: &str) -> Value {
        let mut context = self.context(of, DISCONNECT, "DISCONNECT", &self.ids.next());
        context.insert("disconnectStatusCode".to_owned(), json!(code));
        context.insert("disconnectReason".to_owned(), json!(reason));
        let headers =
            [("Host", of.domain), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")];
        json!({
            "headers": headers.iter().copied().collect::<BTreeMap<_, _>>(),
            "multiValueHeaders":
                headers.iter().map(|(name, value)| (name, [value])).collect::<BTreeMap<_, _>>(),
            "requestContext": context,
            "isBase64Encoded": false,
        })
    }

    fn context(
        &self,
        of: Of<'_>,
        route_key: &str,
        event_type: &str,
        request_id: &str,
    ) -> Map<String, Value> {
        let at = self.clock.now();
        let mut context = Map::new();
        for (name, value) in [
            ("routeKey", json!(route_key)),
            ("eventType", json!(event_type)),
            ("extendedRequestId", json!(request_id)),
            ("requestTime", json!(at.format(LOG_TIME).unwrap_or_default())),
            ("messageDirection", json!("IN")),
            ("stage", json!(self.stage)),
            ("connectedAt", json!(millis(of.connected_at))),
            ("requestTimeEpoch", json!(millis(at))),
            ("identity", of.identity.clone()),
            ("requestId", json!(request_id)),
            ("domainName", json!(of.domain)),
            ("connectionId", json!(of.connection_id)),
            ("apiId", json!(self.id)),
        ] {
            context.insert(name.to_owned(), value);
        }
        if let Some(authorizer) = of.authorizer {
            context.insert("authorizer".to_owned(), authorizer.clone());
        }
        context
    }
}

fn millis(moment: OffsetDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}
