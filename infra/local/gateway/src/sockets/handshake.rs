//! How a client is let in: `$connect` is invoked before its handshake is answered.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, FromRequestParts, Path, Request, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::{Value, json};

use super::{
    FRAME_BYTES_MAX, Inner, MESSAGE_BYTES_MAX, SocketAccess,
    authorize::Refused,
    event::{Asked, Of},
    registry::{Connection, Newcomer},
    session,
};
use crate::authorizer::signer;

pub(super) fn router(api: Arc<Inner>) -> Router {
    let forbidden = || async { refusal(StatusCode::FORBIDDEN, "Forbidden") };
    Router::new()
        .route("/{stage}", any(open))
        .route("/{stage}/", any(open))
        .fallback(forbidden)
        .with_state(api)
}

/// An answer in place of a handshake.
fn refusal(status: StatusCode, message: &str) -> Response {
    let body = json!({ "message": message }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn open(
    State(api): State<Arc<Inner>>,
    Path(stage): Path<String>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    request: Request,
) -> Response {
    if stage != api.stage {
        return refusal(StatusCode::FORBIDDEN, "Forbidden");
    }
    let (mut parts, _body) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let source_ip = peer.map_or_else(
        || "127.0.0.1".to_owned(),
        |Extension(ConnectInfo(address))| address.ip().to_string(),
    );
    match api.let_in(&parts, &source_ip).await {
        Ok(let_in) => api.upgrade(upgrade, let_in),
        Err(Refused(status, message)) => refusal(status, message),
    }
}

/// The client's wish for a subprotocol that `$connect` grants.
type Protocol = Option<HeaderValue>;

impl Inner {
    /// Asks the authorizer and `$connect`. Until both have answered the connection is not there:
    /// what is posted to it is gone.
    async fn let_in(
        &self,
        parts: &Parts,
        source_ip: &str,
    ) -> Result<(Newcomer, Option<Value>, Protocol), Refused> {
        let asked = Asked::new(&parts.headers, parts.uri.query().unwrap_or_default(), source_ip);
        let newcomer = Newcomer {
            id: self.ids.next(),
            at: self.clock.now(),
            domain: text(&parts.headers, header::HOST.as_str()).to_owned(),
            identity: self.identity(&parts.headers, source_ip),
        };
        let Newcomer { id, at, domain, identity } = &newcomer;
        let of = Of { connection_id: id, connected_at: *at, domain, identity, authorizer: None };
        let Some(route) = self.connect_route() else { return Ok((newcomer, None, None)) };
        let authorizer = self.authorize(&route.access, of, &asked, &parts.headers).await?;
        let event = self.connect_event(Of { authorizer: authorizer.as_ref(), ..of }, &asked);
        match self.invoke(route, &event).await {
            Ok(answer) if answer.status.is_success() => {
                let protocol = answer.protocol.and_then(|it| HeaderValue::try_from(it).ok());
                Ok((newcomer, authorizer, protocol))
            }
            Ok(answer) => {
                let message = answer.status.canonical_reason().unwrap_or("Forbidden");
                Err(Refused(answer.status, message))
            }
            Err(failure) => Err(Refused(failure.status(), "Internal server error")),
        }
    }

    /// Answers the handshake. The connection is there before the client knows.
    fn upgrade(
        self: Arc<Self>,
        upgrade: WebSocketUpgrade,
        (newcomer, authorizer, protocol): (Newcomer, Option<Value>, Protocol),
    ) -> Response {
        let (connection, posted) = Connection::new(newcomer, authorizer);
        let connection = Arc::new(connection);
        self.connections.add(&connection);
        let mut upgrade =
            upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(FRAME_BYTES_MAX);
        if let Some(protocol) = protocol {
            upgrade.set_selected_protocol(protocol);
        }
        let (failed, api) = (Arc::clone(&connection), Arc::clone(&self));
        upgrade
            .on_failed_upgrade(move |_error| {
                api.connections.remove(&failed.id);
                tokio::spawn(async move {
                    api.disconnect(&failed, 1006, "Connection closed abnormally").await;
                });
            })
            .on_upgrade(move |socket| session::run(self, connection, posted, socket))
    }

    /// Who the client is, as events have it.
    fn identity(&self, headers: &HeaderMap, source_ip: &str) -> Value {
        let mut identity = json!({ "sourceIp": source_ip });
        let agent = text(headers, header::USER_AGENT.as_str());
        if !agent.is_empty() {
            identity["userAgent"] = json!(agent);
        }
        let signs = self.connect_route().is_some_and(|it| it.access == SocketAccess::Iam);
        if let Some(signer) = signer(headers).filter(|_| signs) {
            identity["accessKey"] = json!(signer.access_key);
            identity["accountId"] = json!(signer.account_id);
            identity["caller"] = json!(signer.caller_id);
            identity["userArn"] = json!(signer.user_arn);
        }
        identity
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
