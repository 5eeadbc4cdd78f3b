//! What a request needs: its actions, the resources it takes them on, and what conditions see.
//!
//! A request that cannot be understood, or that no service here has, needs what nothing allows.
//! Sources: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>.

mod dynamodb;
mod rest;
mod services;
mod sockets;

use std::collections::BTreeMap;

use local_core::{ACCOUNT, REGION};
use serde_json::Value;

pub use dynamodb::Tables;
pub use sockets::SocketApis;

/// The values of the keys that conditions ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// Sets the values of a key.
    pub fn set<T: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter().map(Into::into).collect();
        self.0.insert(key.to_ascii_lowercase(), values);
    }

    /// The values of a key in small letters, none if there is no such key.
    pub(crate) fn get(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

/// One action on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The action, e.g. `dynamodb:PutItem`.
    pub action: String,
    /// The ARN of the resource, or `*` where there is none.
    pub resource: String,
    /// What conditions see of the request.
    pub context: Context,
}

impl Request {
    /// A request of which conditions see nothing.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Context::default() }
    }

    /// The same, of which conditions see `values` as `key`.
    #[must_use]
    pub fn with<T: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = T>) -> Self {
        self.context.set(key, values);
        self
    }
}

/// A call as it came over HTTP.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The path, without a query.
    pub path: &'a str,
    /// The method, which tells the operations of a path apart.
    pub method: &'a str,
    /// `X-Amz-Target`, of the services that have it.
    pub target: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// The services that are asked, by the way they refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    Sqs,
    /// The other services of the JSON protocols.
    Json,
    Ses,
    /// The other services that have paths.
    Rest,
}

impl<'a> Call<'a> {
    /// A call of a service that takes its operation from `X-Amz-Target`.
    pub const fn json(target: &'a str, body: &'a [u8]) -> Self {
        Self { path: "/", method: "POST", target: Some(target), body }
    }

    pub(crate) fn service(&self) -> Service {
        match self.target.and_then(|it| it.split_once('.')) {
            Some(("DynamoDB_20120810" | "DynamoDBStreams_20120810", _)) => Service::DynamoDb,
            Some(("AmazonSQS", _)) => Service::Sqs,
            Some(_) => Service::Json,
            None if self.path.starts_with("/v2/email/") => Service::Ses,
            None => Service::Rest,
        }
    }

    /// Everything that must be allowed for the call to be carried out, at least one.
    pub(crate) fn needs(&self, tables: &Tables, apis: &SocketApis) -> Vec<Request> {
        let needs = match self.target.and_then(|it| it.split_once('.')) {
            Some((service, operation)) => {
                let body = serde_json::from_slice(self.body).unwrap_or(Value::Null);
                match service {
                    "DynamoDB_20120810" => dynamodb::needs(operation, &body, tables),
                    "DynamoDBStreams_20120810" => dynamodb::of_stream(operation, &body),
                    _ => services::needs(service, operation, &body),
                }
            }
            None => sockets::needs(self, apis).unwrap_or_else(|| rest::needs(self)),
        };
        if needs.is_empty() { vec![Request::new("unknown:Unknown", "*")] } else { needs }
    }
}

/// An ARN of the account and region that are here.
fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// What is an ARN by itself, and the ARN of what is a name.
fn arn_of(service: &str, prefix: &str, name_or_arn: &str) -> String {
    if name_or_arn.starts_with("arn:") {
        return name_or_arn.to_owned();
    }
    arn(service, &format!("{prefix}{name_or_arn}"))
}

/// A member of a body that is text; none is as good as an empty one, which names nothing.
fn text<'v>(body: &'v Value, name: &str) -> &'v str {
    body[name].as_str().unwrap_or_default()
}
