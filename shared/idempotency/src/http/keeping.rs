//! Which responses are stored, and which parts of them are replayed.

use std::{fmt, sync::Arc};

use ::http::{HeaderMap, HeaderName, Response, StatusCode, header};

/// A handler's own decision about a response: an extension of the response, which overrides the
/// layer's rule.
///
/// ```
/// use http::{Response, StatusCode};
/// use idempotency::http::Keep;
///
/// // Decided for good: a client that retries gets the same response.
/// let sold_out = Response::builder().status(StatusCode::CONFLICT).extension(Keep::Always).body(());
/// # assert_eq!(sold_out.unwrap().extensions().get(), Some(&Keep::Always));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The response is final, whatever its status is. It is stored, with the handler's writes.
    Always,
    /// The response is sent, and not stored: nothing is written, and the client may retry.
    Never,
}

/// Whether the response to a request is final, if the handler does not set [`Keep`].
///
/// Final are success, redirections, and those of the client's errors (4xx) that are about the
/// request itself. Not final are informational responses, the server's errors (5xx), and those that
/// may change with the next attempt:
///
/// | status | because |
/// |---|---|
/// | 401, 407 | other credentials may come with the same request |
/// | 408, 425, 429 | it came too slowly, too early or too often |
/// | 409, 423, 424 | the state of the resource does not allow it now |
/// | 421, 426 | it came on the wrong connection |
/// | any 4xx with `Retry-After` | the client should retry |
///
/// (A success with `Retry-After` is final: it is the time at which to poll the result.)
pub fn is_final<T>(response: &Response<T>) -> bool {
    let status = response.status();
    let passes = matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::CONFLICT
            | StatusCode::MISDIRECTED_REQUEST
            | StatusCode::LOCKED
            | StatusCode::FAILED_DEPENDENCY
            | StatusCode::TOO_EARLY
            | StatusCode::UPGRADE_REQUIRED
            | StatusCode::TOO_MANY_REQUESTS
    );
    let has_retry_after = response.headers().contains_key(header::RETRY_AFTER);
    status.is_success()
        || status.is_redirection()
        || (status.is_client_error() && !passes && !has_retry_after)
}

/// Headers that belong to the exchange in which the response was first sent.
/// Source of those that end with a connection: <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>.
const OF_ONE_EXCHANGE: &[&str] = &[
    // Added by the connection or the server.
    "age",
    "alt-svc",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "server",
    "server-timing",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-cache",
    "x-response-time",
    "x-runtime",
    // Credentials of a caller.
    "authentication-info",
    "authorization",
    "dpop-nonce",
    "proxy-authenticate",
    "proxy-authentication-info",
    "replay-nonce",
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
    "x-access-token",
    "x-auth-token",
    "x-csrf-token",
    "x-refresh-token",
    "x-session-id",
    "x-xsrf-token",
    // Trace context.
    "baggage",
    "b3",
    "traceparent",
    "traceresponse",
    "tracestate",
    // Rate limits.
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
];
/// The same, by the beginning of their names.
const OF_ONE_EXCHANGE_BEGIN: &[&str] =
    &["cf-", "ratelimit-", "x-amz-cf-", "x-amz-apigw-", "x-amzn-", "x-b3-", "x-ratelimit-"];
/// The same, by the end of their names.
const OF_ONE_EXCHANGE_END: &[&str] = &[
    "correlation-id",
    "correlationid",
    "request-id",
    "requestid",
    "span-id",
    "trace-id",
    "traceid",
];

/// Whether a header is replayed with its response, unless
/// [`HttpLayer::replay_headers`](super::HttpLayer::replay_headers) sets another rule: `location`,
/// `etag`, `content-type` and all others that are about the response are, custom ones included.
///
/// Not replayed are headers of the first exchange alone: those that end with a connection
/// (`connection`, `transfer-encoding`, …), `date`, `age`, `via` and `server`; cookies,
/// challenges and tokens (`set-cookie`, `www-authenticate`, `x-auth-token`, …), so that a session
/// is not given out twice; ids of requests and traces (`x-request-id`, `traceparent`, `x-amzn-…`,
/// …); `server-timing`, `retry-after` and what is left of a rate.
pub fn is_replayed(name: &HeaderName) -> bool {
    let name = name.as_str();
    !OF_ONE_EXCHANGE.contains(&name)
        && !OF_ONE_EXCHANGE_BEGIN.iter().any(|begin| name.starts_with(begin))
        && !OF_ONE_EXCHANGE_END.iter().any(|end| name.ends_with(end))
}

type IsFinal = Arc<dyn Fn(&Response<String>) -> bool + Send + Sync>;
type IsReplayed = Arc<dyn Fn(&HeaderName) -> bool + Send + Sync>;

/// The rules of a layer.
#[derive(Clone)]
pub(super) struct Keeping {
    pub(super) is_final: IsFinal,
    pub(super) is_replayed: IsReplayed,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { is_final: Arc::new(is_final), is_replayed: Arc::new(is_replayed) }
    }
}

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeping").finish_non_exhaustive()
    }
}

impl Keeping {
    pub(super) fn keeps(&self, response: &Response<String>) -> bool {
        match response.extensions().get() {
            Some(Keep::Always) => true,
            Some(Keep::Never) => false,
            None => (self.is_final)(response),
        }
    }

    /// Leaves of `headers` those that are replayed. `Connection` may name further ones that end
    /// with it.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        let named = headers.get_all(header::CONNECTION).iter();
        let named =
            named.filter_map(|value| value.to_str().ok()).flat_map(|names| names.split(','));
        let named: Vec<_> =
            named.filter_map(|name| name.trim().parse::<HeaderName>().ok()).collect();
        let leaves = |name: &&HeaderName| named.contains(name) || !(self.is_replayed)(name);
        let leaving: Vec<_> = headers.keys().filter(leaves).cloned().collect();
        for name in leaving {
            headers.remove(name);
        }
    }
}
