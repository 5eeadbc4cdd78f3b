//! The API over real sockets and by the SDK's client, functions being closures; limits on time on
//! paused time.

mod access;
mod limits;
mod management;

use std::net::SocketAddr;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use aws_sdk_apigatewaymanagement::{
    Client,
    config::{BehaviorVersion, Region},
};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::macros::datetime;
use tokio::{net::TcpStream, sync::Notify};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};

use super::*;
use crate::{Invocation, InvokeReply};

const ID: &str = "Chat";
const STAGE: &str = "live";

/// Does what its function's name says, and keeps what it was invoked with.
#[derive(Default)]
struct Functions {
    seen: Mutex<Vec<(String, Value)>>,
    news: Notify,
    /// Lets the function `waiting` go on.
    released: Notify,
}

impl Functions {
    /// The event that the `nth` invocation of `function` got, once there is one.
    async fn nth(&self, function: &str, nth: usize) -> Value {
        loop {
            let news = self.news.notified();
            let found = self.seen.lock().iter().filter(|it| it.0 == function).nth(nth).cloned();
            if let Some((_, event)) = found {
                return event;
            }
            news.await;
        }
    }
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> Invocation<'a> {
        Box::pin(async move {
            let event: Value = serde_json::from_slice(&payload).unwrap();
            self.seen.lock().push((function.to_owned(), event.clone()));
            self.news.notify_waiters();
            let reply = |payload: Value, error: Option<&str>| {
                let payload = payload.to_string().into();
                Ok(InvokeReply { payload, function_error: error.map(str::to_owned) })
            };
            match function {
                "failing" => reply(json!({ "errorMessage": "boom" }), Some("Unhandled")),
                "malformed" => reply(json!("hi"), None),
                "busy" => Err("throttled".to_owned()),
                "hanging" => std::future::pending().await,
                "waiting" => {
                    self.released.notified().await;
                    reply(json!({ "statusCode": 200 }), None)
                }
                "refusing" => reply(json!({ "statusCode": 401 }), None),
                "speaking" => reply(
                    json!({ "statusCode": 200, "headers": { "Sec-WebSocket-Protocol": "chat.v1" } }),
                    None,
                ),
                "door" => access::door(&event, reply),
                _ => reply(json!({ "statusCode": "200", "body": "nobody reads it" }), None),
            }
        })
    }
}

/// A running API.
struct Api {
    api: SocketApi,
    functions: Arc<Functions>,
    address: SocketAddr,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn route(key: &str, function: &str) -> SocketRouteSpec {
    SocketRouteSpec {
        key: key.to_owned(),
        function: function.to_owned(),
        timeout: Duration::from_millis(200),
        access: SocketAccess::Anyone,
    }
}

fn routes(routes: &[(&str, &str)]) -> Vec<SocketRouteSpec> {
    routes.iter().map(|(key, function)| route(key, function)).collect()
}

fn api_of(routes: Vec<SocketRouteSpec>) -> (SocketApi, Arc<Functions>) {
    let functions = Arc::new(Functions::default());
    let spec = SocketSpec {
        id: ID.to_owned(),
        stage: STAGE.to_owned(),
        selection: vec!["action".to_owned()],
        routes,
    };
    let clock = Clock::new(|| datetime!(2026-12-01 09:00:00.250 UTC));
    let invoker: Arc<dyn Invoke> = functions.clone();
    (SocketApi::new(spec, invoker, clock).unwrap(), functions)
}

impl Api {
    async fn start(routes: Vec<SocketRouteSpec>) -> Self {
        let (api, functions) = api_of(routes);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = api.router().merge(api.management());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { api, functions, address }
    }

    async fn connect(&self, path: &str) -> Result<Socket, tungstenite::Error> {
        let url = format!("ws://{}{path}", self.address);
        connect_async(url).await.map(|(socket, _answer)| socket)
    }

    /// A client that is let in, and its connection's id.
    async fn client(&self, nth: usize) -> (Socket, String) {
        let socket = self.connect("/live").await.unwrap();
        let event = self.functions.nth("connect", nth).await;
        (socket, event["requestContext"]["connectionId"].as_str().unwrap().to_owned())
    }

    fn sdk(&self) -> Client {
        self.sdk_at(STAGE)
    }

    fn sdk_at(&self, stage: &str) -> Client {
        let credentials = aws_credential_types::Credentials::from_keys("AKIALOCAL", "local", None);
        let config = aws_sdk_apigatewaymanagement::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(format!("http://{}/{stage}", self.address))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(config)
    }

    /// Waits until so many clients are connected.
    async fn counts(&self, connections: usize) {
        while self.api.connections() != connections {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn status_of(error: tungstenite::Error) -> u16 {
    let tungstenite::Error::Http(answer) = error else { panic!("{error}") };
    answer.status().as_u16()
}

async fn text(socket: &mut Socket) -> Value {
    let message = socket.next().await.unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

async fn close_frame(socket: &mut Socket) -> CloseFrame {
    loop {
        if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
            return frame.unwrap();
        }
    }
}

const CHAT: [(&str, &str); 4] =
    [("$connect", "connect"), ("$disconnect", "bye"), ("$default", "rest"), ("say", "say")];

#[tokio::test]
async fn connect_sees_the_handshake_before_it_is_answered() {
    let api = Api::start(routes(&CHAT)).await;
    let _socket = api.connect("/live?ticket=a%3D1&room=x&room=y").await.unwrap();
    let event = api.functions.nth("connect", 0).await;
    assert_eq!(event["queryStringParameters"], json!({ "ticket": "a=1", "room": "y" }));
    let multiple = json!({ "ticket": ["a=1"], "room": ["x", "y"] });
    assert_eq!(event["multiValueQueryStringParameters"], multiple);
    assert_eq!(event["headers"]["sec-websocket-version"], "13");
    assert_eq!(event["multiValueHeaders"]["x-forwarded-for"], json!(["127.0.0.1"]));
    assert_eq!(event.get("body"), None);
    let read: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event).unwrap();
    assert_eq!(read.query_string_parameters.first("ticket"), Some("a=1"));
    let context = read.request_context;
    assert_eq!(context.route_key.as_deref(), Some("$connect"));
    assert_eq!(context.event_type.as_deref(), Some("CONNECT"));
    assert_eq!((context.apiid.as_deref(), context.stage.as_deref()), (Some(ID), Some(STAGE)));
    assert_eq!(context.domain_name, Some(api.address.to_string()));
    assert_eq!(context.request_time.as_deref(), Some("01/Dec/2026:09:00:00 +0000"));
    assert_eq!(context.request_time_epoch, 1_796_115_600_250);
    assert_eq!(context.connected_at, context.request_time_epoch);
    assert_eq!(context.identity.source_ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(context.message_id, None);
    let id = context.connection_id.unwrap();
    assert!(id.len() == 16 && id.ends_with('='), "{id}");
}

#[tokio::test]
async fn who_is_not_let_in_gets_the_status_in_place_of_a_connection() {
    for (function, status) in
        [("refusing", 401), ("failing", 502), ("malformed", 502), ("busy", 500), ("hanging", 504)]
    {
        let api = Api::start(routes(&[("$connect", function), ("$default", "rest")])).await;
        let refused = api.connect("/live").await.unwrap_err();
        assert_eq!(status_of(refused), status, "{function}");
        assert_eq!(api.api.connections(), 0);
    }
    let api = Api::start(routes(&CHAT)).await;
    for path in ["/", "/test", "/live/more"] {
        assert_eq!(status_of(api.connect(path).await.unwrap_err()), 403, "{path}");
    }
    // Without the route everyone is let in; the path may end with a slash.
    let api = Api::start(routes(&[("$default", "rest")])).await;
    assert!(api.connect("/live/").await.is_ok());
}

#[tokio::test]
async fn connect_may_grant_a_subprotocol() {
    let api = Api::start(routes(&[("$connect", "speaking"), ("$default", "rest")])).await;
    let url = format!("ws://{}/live", api.address);
    let mut request = url.into_client_request().unwrap();
    let wish = "chat.v2, chat.v1".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", wish);
    let (_socket, answer) = connect_async(request).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "chat.v1");
}

#[tokio::test]
async fn a_message_takes_the_route_that_it_names() {
    let api = Api::start(routes(&CHAT)).await;
    let (mut socket, id) = api.client(0).await;
    for (nth, (sent, function, key)) in [
        (r#"{"action":"say","text":"hi"}"#, "say", "say"),
        (r#"{"action":"none"}"#, "rest", "$default"),
        (r#"{"action":"$connect"}"#, "rest", "$default"),
        (r#"{"action":{"say":1}}"#, "rest", "$default"),
        ("no JSON", "rest", "$default"),
    ]
    .into_iter()
    .enumerate()
    {
        socket.send(Message::text(sent)).await.unwrap();
        let event = api.functions.nth(function, nth.saturating_sub(1)).await;
        assert_eq!(event["body"], sent);
        assert_eq!(event["isBase64Encoded"], false);
        assert_eq!(event["requestContext"]["eventType"], "MESSAGE");
        assert_eq!(event["requestContext"]["routeKey"], key);
        assert_eq!(event["requestContext"]["connectionId"], id);
        assert!(event.get("headers").is_none() && event.get("queryStringParameters").is_none());
        let read: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event).unwrap();
        assert!(read.request_context.message_id.is_some_and(|it| it.len() == 16));
    }
    socket.send(Message::binary(vec![0, 159])).await.unwrap();
    let event = api.functions.nth("rest", 4).await;
    assert_eq!((event["body"].as_str(), &event["isBase64Encoded"]), (Some("AJ8="), &json!(true)));
}

#[tokio::test]
async fn a_client_is_told_what_did_not_go_well_and_stays() {
    let failing = [
        ("$connect", "connect"),
        ("fail", "failing"),
        ("hang", "hanging"),
        ("wait", "busy"),
        ("odd", "malformed"),
        ("say", "say"),
    ];
    let api = Api::start(routes(&failing)).await;
    let (mut socket, id) = api.client(0).await;
    for (action, message) in [
        ("fail", "Internal server error"),
        ("hang", "Internal server error"),
        ("wait", "Internal server error"),
        ("odd", "Internal server error"),
        ("none", "Forbidden"),
    ] {
        let sent = json!({ "action": action }).to_string();
        socket.send(Message::text(sent)).await.unwrap();
        let told = text(&mut socket).await;
        assert_eq!((&told["message"], &told["connectionId"]), (&json!(message), &json!(id)));
        assert_eq!(told["requestId"].as_str().map(str::len), Some(16), "{action}");
    }
    socket.send(Message::text(r#"{"action":"say"}"#)).await.unwrap();
    api.functions.nth("say", 0).await;
}

#[tokio::test]
async fn disconnect_is_told_how_the_client_went() {
    let api = Api::start(routes(&CHAT)).await;
    let unset = "Client-side close frame status not set";
    let lost = "Connection closed abnormally";
    for (nth, (code, reason)) in
        [(Some(4_000), "enough"), (None, unset), (Some(1_006), lost)].into_iter().enumerate()
    {
        let (mut socket, id) = api.client(nth).await;
        match code {
            Some(1_006) => drop(socket),
            Some(code) => {
                let frame = CloseFrame { code: code.into(), reason: reason.into() };
                socket.close(Some(frame)).await.unwrap();
            }
            None => socket.close(None).await.unwrap(),
        }
        let event = api.functions.nth("bye", nth).await;
        assert_eq!(event["requestContext"]["routeKey"], "$disconnect");
        assert_eq!(event["requestContext"]["connectionId"], id);
        assert_eq!(event["headers"]["Host"], api.address.to_string());
        let read: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event).unwrap();
        let context = read.request_context;
        assert_eq!(context.event_type.as_deref(), Some("DISCONNECT"));
        assert_eq!(context.disconnect_status_code, Some(code.unwrap_or(1_005).into()));
        assert_eq!(context.disconnect_reason.as_deref(), Some(reason));
    }
    api.counts(0).await;
}

#[tokio::test]
async fn messages_of_a_client_are_handled_in_order_and_before_its_end_is_told() {
    let api = Api::start(routes(&CHAT)).await;
    let (mut socket, _) = api.client(0).await;
    for number in 0..20 {
        let sent = json!({ "action": "say", "number": number }).to_string();
        socket.send(Message::text(sent)).await.unwrap();
    }
    socket.close(None).await.unwrap();
    api.functions.nth("bye", 0).await;
    let seen = api.functions.seen.lock();
    let bodies = seen.iter().filter_map(|(_, event)| event["body"].as_str());
    let numbers: Vec<u64> = bodies
        .map(|body| serde_json::from_str::<Value>(body).unwrap()["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    assert_eq!(seen.last().unwrap().0, "bye");
}

#[tokio::test]
async fn a_stop_closes_every_connection_and_tells_no_function() {
    let api = Api::start(routes(&CHAT)).await;
    let (mut socket, _) = api.client(0).await;
    let closed = tokio::spawn(async move { close_frame(&mut socket).await });
    api.api.stop().await;
    assert_eq!(u16::from(closed.await.unwrap().code), 1_001);
    assert_eq!(api.api.connections(), 0);
    assert!(api.functions.seen.lock().iter().all(|(function, _)| function != "bye"));
}

#[test]
fn a_route_has_one_function() {
    let spec = SocketSpec {
        id: ID.to_owned(),
        stage: STAGE.to_owned(),
        selection: Vec::new(),
        routes: routes(&[("say", "a"), ("say", "b")]),
    };
    let refused = SocketApi::new(spec, Arc::new(Functions::default()), Clock::system());
    assert!(refused.err().unwrap().to_string().contains("\"say\" is declared twice"));
}
