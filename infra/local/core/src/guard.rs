//! Who may talk to what listens on this machine: programs on it, and no page of the web.
//!
//! A browser lets any page send requests to loopback addresses, and lets a page read the answers
//! once its own name leads there (DNS rebinding). It states both in headers that no page can forge.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Names of this machine that no page can have: they cannot be registered. The second is what
/// containers, those of SAM among them, know it by.
const NAMES: [&str; 2] = ["localhost", "host.docker.internal"];

/// `router`, served on `ports` to this machine alone: 421 for another `Host` than this machine with
/// one of these ports, 403 for what a page of another origin sends.
///
/// More ports than one are those under which clients know a listener that has a proxy before it.
pub fn guarded(router: Router, ports: impl Into<Arc<[u16]>>) -> Router {
    let ports = ports.into();
    router.layer(from_fn(move |request: Request, next: Next| {
        let ports = Arc::clone(&ports);
        async move {
            match refusal(&request, &ports) {
                Some(refusal) => refusal,
                None => next.run(request).await,
            }
        }
    }))
}

fn refusal(request: &Request, ports: &[u16]) -> Option<Response> {
    let headers = request.headers();
    let host = request.uri().authority().map(Authority::as_str).or_else(|| text(headers, "host"));
    if !host.is_some_and(|host| is_here(host, ports)) {
        let message = "the Host is not this machine with this port";
        return Some(answer(StatusCode::MISDIRECTED_REQUEST, message));
    }
    let origin = headers.get(header::ORIGIN).map(|it| it.to_str().unwrap_or_default());
    let is_foreign = |origin: &str| {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        !host.is_some_and(|host| is_here(host, ports))
    };
    if origin.is_some_and(is_foreign) || text(headers, "sec-fetch-site") == Some("cross-site") {
        let message = "pages of another origin are not served";
        return Some(answer(StatusCode::FORBIDDEN, message));
    }
    None
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether `host` is this machine with one of `ports`.
fn is_here(host: &str, ports: &[u16]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if authority.as_str().contains('@') || !ports.contains(&authority.port_u16().unwrap_or(80)) {
        return false;
    }
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.is_ok_and(|it| it.is_loopback()) || NAMES.iter().any(|it| it.eq_ignore_ascii_case(name))
}

fn answer(status: StatusCode, message: &str) -> Response {
    let body = json!({ "message": message }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn status(headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        refusal(&request, &[9_000, 9_005]).map_or(200, |it| it.status().as_u16())
    }

    #[test]
    fn only_this_machine_with_this_port_is_a_host() {
        for host in [
            "127.0.0.1:9000",
            "127.8.9.1:9000",
            "localhost:9000",
            "LocalHost:9000",
            "[::1]:9000",
            "host.docker.internal:9000",
            "127.0.0.1:9005",
        ] {
            assert_eq!(status(&[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example:9000",
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:9001",
            "localhost.evil.example:9000",
            "127.0.0.1.evil.example:9000",
            "127.0.0.1:9000@evil.example",
            "192.168.0.7:9000",
            "0.0.0.0:9000",
            "[::]:9000",
            "",
        ] {
            assert_eq!(status(&[("host", host)]), 421, "{host}");
        }
        assert_eq!(status(&[]), 421);
    }

    #[test]
    fn what_another_page_sends_is_refused() {
        let from = |name, value| status(&[("host", "localhost:9000"), (name, value)]);
        for origin in [
            "http://evil.example",
            "http://localhost:3000",
            "null",
            "",
            "file://",
            "http://localhost:9000.evil.example",
        ] {
            assert_eq!(from("origin", origin), 403, "{origin}");
        }
        assert_eq!(from("sec-fetch-site", "cross-site"), 403);
        assert_eq!(from("origin", "http://127.0.0.1:9000"), 200);
        for site in ["same-origin", "none"] {
            assert_eq!(from("sec-fetch-site", site), 200, "{site}");
        }
    }
}
