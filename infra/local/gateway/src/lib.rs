//! HTTP and WebSocket APIs (API Gateway v2) on one machine: routes, authorizers, the Lambda proxy
//! integration, and the management of connections.
//!
//! Functions are reached through [`Invoke`], so a test puts a closure behind the same routes
//! that the local stack serves with real binaries.

mod authorizer;
mod event;
mod issuer;
mod response;
mod route;
mod sockets;

use std::{
    collections::BTreeSet,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use tracing::{error, warn};

pub use authorizer::Access;
pub use issuer::{IssuerError, TokenIssuer};
pub use route::RouteError;
pub use sockets::{
    IdentitySource, SocketAccess, SocketApi, SocketAuthorizer, SocketError, SocketRouteSpec,
    SocketSpec,
};

use authorizer::{Denied, Tokens, authorize};
use issuer::Verifier;
use response::refusal;
use route::{Route, Routes};

/// The quotas of an HTTP API, <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Of the request line and the values of all headers together.
const HEAD_BYTES_MAX: usize = 10_240;
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// A route as a template declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpec {
    /// An HTTP method in any case, or `ANY`.
    pub method: String,
    /// As in `/orders/{id}`, `/files/{proxy+}` or `$default`.
    pub path: String,
    /// The name of the function that answers.
    pub function: String,
    /// Who may call.
    pub access: Access,
    /// The scopes of which a token must have one; any token will do if there are none.
    pub scopes: Vec<String>,
}

/// What an invoked function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeReply {
    /// Its answer, or the description of its failure.
    pub payload: Bytes,
    /// `Handled` or `Unhandled` if the function failed, as in `X-Amz-Function-Error`.
    pub function_error: Option<String>,
}

/// An invocation under way; `Err` is why no function ran (throttled, no such function).
pub type Invocation<'a> = Pin<Box<dyn Future<Output = Result<InvokeReply, String>> + Send + 'a>>;

/// Calls a function and waits for its answer.
pub trait Invoke: Send + Sync + 'static {
    /// Invokes `function` synchronously with a JSON `payload`.
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> Invocation<'a>;
}

/// Why there can be no such API.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A route is wrong.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The issuer cannot be asked.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// A route of the WebSocket API is wrong.
    #[error(transparent)]
    Sockets(#[from] SocketError),
}

/// An HTTP API.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    routes: Routes,
    invoker: Arc<dyn Invoke>,
    integration_timeout: Duration,
    requests: AtomicU64,
    tokens: Tokens,
}

impl Gateway {
    /// An API of these routes, whose functions `invoker` calls.
    ///
    /// # Errors
    /// A route that API Gateway would not create either, by its key; correct the template.
    pub fn new(routes: Vec<RouteSpec>, invoker: Arc<dyn Invoke>) -> Result<Self, RouteError> {
        Self::build(routes, invoker, INTEGRATION_TIMEOUT, None)
    }

    /// The same, open to those alone who have a token of `issuer`. Its keys are fetched when the
    /// first token comes.
    ///
    /// # Errors
    /// A route that API Gateway would not create either, or no client to ask the issuer with.
    pub fn with_issuer(
        routes: Vec<RouteSpec>,
        invoker: Arc<dyn Invoke>,
        issuer: TokenIssuer,
    ) -> Result<Self, GatewayError> {
        let verifier = Verifier::new(issuer)?;
        Ok(Self::build(routes, invoker, INTEGRATION_TIMEOUT, Some(verifier))?)
    }

    fn build(
        routes: Vec<RouteSpec>,
        invoker: Arc<dyn Invoke>,
        integration_timeout: Duration,
        verifier: Option<Verifier>,
    ) -> Result<Self, RouteError> {
        let scopes: BTreeSet<String> = routes.iter().flat_map(|it| it.scopes.clone()).collect();
        let names = || Tokens::Names(scopes.into_iter().collect());
        let tokens = verifier.map_or_else(names, |it| Tokens::Issued(Box::new(it)));
        let routes = Routes::parse(routes)?;
        Ok(Self(Arc::new(Inner {
            routes,
            invoker,
            integration_timeout,
            requests: AtomicU64::new(0),
            tokens,
        })))
    }

    /// The API as a router. Served with `into_make_service_with_connect_info::<SocketAddr>()`,
    /// events name the caller's address; otherwise the loopback address.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }
}

async fn handle(
    State(gateway): State<Gateway>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    request: Request,
) -> Response {
    let at = now();
    let request_id = gateway.0.request_id(at);
    let peer = peer.map(|Extension(ConnectInfo(address))| address);
    let mut response = gateway.0.answer(request, peer, &request_id, at).await;
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("apigw-requestid", value);
    }
    response
}

impl Inner {
    async fn answer(
        &self,
        request: Request,
        peer: Option<SocketAddr>,
        request_id: &str,
        at: OffsetDateTime,
    ) -> Response {
        let (parts, body) = request.into_parts();
        if head_bytes(&parts) > HEAD_BYTES_MAX {
            return refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        let Some(path) = decoded_path(&parts) else { return refusal(StatusCode::BAD_REQUEST) };
        let Some((route, path_parameters)) = self.routes.find(&parts.method, &path) else {
            return refusal(StatusCode::NOT_FOUND);
        };
        let (access, now) = (route.access, at.unix_timestamp());
        let authorizer = authorize(access, &route.scopes, &parts.headers, &self.tokens, now);
        let authorizer = match authorizer.await {
            Ok(authorizer) => authorizer,
            Err(denied) => return challenge(denied),
        };
        let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let event = event::encode(&event::Request {
            method: &parts.method,
            uri: &parts.uri,
            path: &path,
            version: parts.version,
            headers: &parts.headers,
            body: &body,
            route_key: &route.key,
            path_parameters,
            authorizer,
            request_id,
            source_ip: peer.map_or_else(|| "127.0.0.1".to_owned(), |it| it.ip().to_string()),
            at,
        });
        match event {
            Ok(event) => self.integrate(route, event).await,
            Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// Invokes the function of a route and turns whatever comes of it into a response.
    async fn integrate(&self, route: &Route, event: Bytes) -> Response {
        let function = route.function.as_str();
        let invocation = self.invoker.invoke(function, event);
        match tokio::time::timeout(self.integration_timeout, invocation).await {
            Err(_elapsed) => {
                warn!(function, "no answer within the integration timeout");
                refusal(StatusCode::SERVICE_UNAVAILABLE)
            }
            Ok(Err(reason)) => {
                warn!(function, reason, "function could not be invoked");
                refusal(StatusCode::SERVICE_UNAVAILABLE)
            }
            Ok(Ok(InvokeReply { function_error: Some(kind), .. })) => {
                error!(function, kind, "function failed");
                refusal(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Ok(Ok(InvokeReply { payload, function_error: None })) => response::decode(payload)
                .unwrap_or_else(|malformed| {
                    error!(function, %malformed, "function answered no HTTP response");
                    refusal(StatusCode::INTERNAL_SERVER_ERROR)
                }),
        }
    }

    /// Unique among the requests of this machine, in the length that API Gateway gives them.
    fn request_id(&self, at: OffsetDateTime) -> String {
        let millis = at.unix_timestamp_nanos() / 1_000_000;
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; 11];
        id[..6].copy_from_slice(&millis.to_be_bytes()[10..]);
        id[6..].copy_from_slice(&count.to_be_bytes()[3..]);
        URL_SAFE.encode(id)
    }
}

/// The size of the request line and of the values of all headers.
fn head_bytes(parts: &Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.to_string().len() + "  HTTP/1.1".len();
    line + parts.headers.values().map(HeaderValue::len).sum::<usize>()
}

/// The path as routes are matched on and functions see it: decoded once, so that `%2F` separates
/// segments, and cut at a decoded `?`. `None` if it is not UTF-8.
/// Measured on AWS by <https://github.com/middleapi/standard-server/pull/93>.
fn decoded_path(parts: &Parts) -> Option<String> {
    let path = percent_decode_str(parts.uri.path()).decode_utf8().ok()?;
    Some(path.split('?').next().unwrap_or_default().to_owned())
}

fn challenge(denied: Denied) -> Response {
    let Some(challenge) = denied.challenge() else { return refusal(StatusCode::FORBIDDEN) };
    let mut response = refusal(StatusCode::UNAUTHORIZED);
    if let Ok(value) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

#[expect(clippy::disallowed_methods, reason = "the edge of the stack stamps each request")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[cfg(test)]
mod tests;
