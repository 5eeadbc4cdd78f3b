//! A stack with a WebSocket API: its functions find the management of connections by what the
//! template tells them, with the SDK's own client, and may do there what their roles allow.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::path::{Path, PathBuf};

use futures_util::{SinkExt, StreamExt};
use local_stack::{Proxies, Stack, StackOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The compiled example: cargo puts it next to the directory of the test binaries.
fn chat() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/stack-chat");
    assert!(path.exists(), "{} is missing: run `cargo build --examples`", path.display());
    path
}

/// The template, with the example as each of its functions.
fn options() -> (StackOptions, TempDir) {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sockets/template.yaml");
    let directory = tempfile::tempdir().unwrap();
    for binary in ["room", "mute"] {
        std::os::unix::fs::symlink(chat(), directory.path().join(binary)).unwrap();
    }
    (StackOptions::new(template, directory.path()), directory)
}

async fn connect(stack: &Stack, query: &str) -> Result<Socket, Error> {
    let url = format!("{}{query}", stack.socket_url().unwrap());
    connect_async(url).await.map(|(socket, _)| socket)
}

async fn ask(socket: &mut Socket, message: Value) -> Value {
    socket.send(Message::text(message.to_string())).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    serde_json::from_str(answer.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn a_function_posts_to_its_client_where_the_template_says() {
    let (options, _directory) = options();
    let stack = Stack::start(options).await.unwrap();
    let mut socket = connect(&stack, "?ticket=good").await.unwrap();
    let said = json!({ "action": "say", "text": "hi" });
    let answer = ask(&mut socket, said.clone()).await;
    assert_eq!((&answer["said"], &answer["by"]), (&said, &json!("alice")));
    assert_eq!(answer["on"].as_str().map(str::len), Some(16));
    let shown = stack.overview();
    let sockets = shown.sockets.clone().unwrap();
    assert_eq!((Some(sockets.url), sockets.connections), (stack.socket_url(), 1));
    assert!(shown.to_string().contains("$connect, $disconnect, say, whisper"));
    assert!(stack.refusals().is_empty());
    stack.stop().await;
    let ended = socket.next().await.unwrap();
    assert!(matches!(ended, Ok(Message::Close(Some(frame))) if u16::from(frame.code) == 1001));
}

#[tokio::test]
async fn a_function_posts_only_if_its_role_allows() {
    let (options, _directory) = options();
    let stack = Stack::start(options).await.unwrap();
    let mut socket = connect(&stack, "?ticket=good").await.unwrap();
    let answer = ask(&mut socket, json!({ "action": "whisper" })).await;
    assert_eq!(answer["message"], "Internal server error");
    let refusals = stack.refusals();
    let [refusal] = refusals.as_slice() else { panic!("{refusals:?}") };
    let id = answer["connectionId"].as_str().unwrap();
    let lacks =
        format!("execute-api:us-east-1:000000000000:Chat/live/POST/@connections/{id} because");
    assert!(
        refusal.contains("execute-api:ManageConnections") && refusal.contains(&lacks),
        "{refusal}"
    );
    let answer = ask(&mut socket, json!({ "action": "say", "fail": true })).await;
    assert_eq!(answer["message"], "Internal server error");
    let answer = ask(&mut socket, json!({ "action": "shout" })).await;
    assert_eq!(answer["message"], "Forbidden");
    for query in ["", "?ticket=bad"] {
        assert!(matches!(connect(&stack, query).await, Err(Error::Http(_))), "{query}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn functions_find_the_management_behind_the_proxy_and_clients_the_api() {
    let (mut options, _directory) = options();
    options.proxies = Proxies { endpoint: Some(7), external: None };
    let stack = Stack::start(options).await.unwrap();
    let room = &stack.lambda().function("local-Room").unwrap().environment;
    assert_eq!(room["CONNECTIONS_URL"], "http://127.0.0.1:7/live");
    assert_eq!(Some(&room["CLIENTS_URL"]), stack.socket_url().as_ref());
    stack.stop().await;
}
