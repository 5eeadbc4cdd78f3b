//! Limits: of size over real sockets, of time on paused time.

use tokio::sync::mpsc;

use super::{
    super::{
        event::Body,
        registry::{Connection, Newcomer},
        session,
        wire::{Ending, Received, Wire},
    },
    *,
};

/// What a session sends to a client that is no socket.
#[derive(Debug, PartialEq, Eq)]
enum Sent {
    Message(Bytes),
    Close(u16),
}

/// The session's end of a client that is no socket.
struct Pipe {
    from_client: mpsc::UnboundedReceiver<Received>,
    to_client: mpsc::UnboundedSender<Sent>,
}

impl Wire for Pipe {
    async fn receive(&mut self) -> Received {
        let lost = || Received::Ended(Ending::new(1006, "lost"));
        self.from_client.recv().await.unwrap_or_else(lost)
    }

    async fn send(&mut self, data: Bytes) -> Result<(), Ending> {
        let sent = self.to_client.send(Sent::Message(data));
        sent.map_err(|_| Ending::new(1006, "lost"))
    }

    async fn close(&mut self, ending: &Ending) {
        let _ = self.to_client.send(Sent::Close(ending.code));
    }
}

struct Client {
    sends: mpsc::UnboundedSender<Received>,
    gets: mpsc::UnboundedReceiver<Sent>,
    connection: Arc<Connection>,
}

fn let_in(api: &SocketApi) -> Client {
    let newcomer = Newcomer {
        id: api.0.ids.next(),
        at: api.0.clock.now(),
        domain: "here".to_owned(),
        identity: json!({ "sourceIp": "127.0.0.1" }),
    };
    let (connection, posted) = Connection::new(newcomer, None);
    let connection = Arc::new(connection);
    api.0.connections.add(&connection);
    let (sends, from_client) = mpsc::unbounded_channel();
    let (to_client, gets) = mpsc::unbounded_channel();
    let pipe = Pipe { from_client, to_client };
    tokio::spawn(session::run(Arc::clone(&api.0), Arc::clone(&connection), posted, pipe));
    Client { sends, gets, connection }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_silent_for_ten_minutes_is_closed() {
    let (api, functions) = api_of(routes(&CHAT));
    let mut client = let_in(&api);
    let started = tokio::time::Instant::now();
    for sign in [Received::Message(Body::Text("{}".to_owned())), Received::Sign] {
        tokio::time::sleep(9 * MINUTE).await;
        client.sends.send(sign).unwrap();
    }
    tokio::time::sleep(9 * MINUTE).await;
    client.connection.post(Bytes::from_static(b"still there?")).await.unwrap();
    assert_eq!(client.gets.recv().await, Some(Sent::Message("still there?".into())));
    assert_eq!(client.gets.recv().await, Some(Sent::Close(1001)));
    assert_eq!(started.elapsed().as_secs() / 60, 37);
    assert_eq!(api.connections(), 0);
    let event = functions.nth("bye", 0).await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1001);
    assert_eq!(event["requestContext"]["disconnectReason"], "Going away");
}

#[tokio::test(start_paused = true)]
async fn no_connection_lives_longer_than_two_hours() {
    let (api, _functions) = api_of(routes(&CHAT));
    let mut client = let_in(&api);
    let started = tokio::time::Instant::now();
    let sends = client.sends.clone();
    tokio::spawn(async move {
        while sends.send(Received::Sign).is_ok() {
            tokio::time::sleep(MINUTE).await;
        }
    });
    assert_eq!(client.gets.recv().await, Some(Sent::Close(1001)));
    assert_eq!(started.elapsed().as_secs(), 2 * 60 * 60);
}

async fn sends(messages: Vec<Message>) -> (Api, Socket) {
    let api = Api::start(routes(&CHAT)).await;
    let (mut socket, _) = api.client(0).await;
    for message in messages {
        // Who is closed meanwhile cannot send the rest.
        let _ = socket.send(message).await;
    }
    (api, socket)
}

/// A message of so many bytes in frames of so many.
fn framed(bytes: usize, frame_bytes: usize) -> Vec<Message> {
    use tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let text = vec![b'a'; bytes];
    let count = bytes.div_ceil(frame_bytes);
    let frame = |(nth, part): (usize, &[u8])| {
        let kind = if nth == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(part.to_vec(), OpCode::Data(kind), nth + 1 == count);
        Message::Frame(frame)
    };
    text.chunks(frame_bytes).enumerate().map(frame).collect()
}

#[tokio::test]
async fn a_message_of_128_kb_comes_in_frames_of_32_kb() {
    let (api, _socket) = sends(framed(128 * 1024, 32 * 1024)).await;
    let event = api.functions.nth("rest", 0).await;
    assert_eq!(event["body"].as_str().map(str::len), Some(128 * 1024));
}

#[tokio::test]
async fn more_than_that_closes_the_connection() {
    let too_long = framed(128 * 1024 + 1, 32 * 1024);
    for messages in [too_long, vec![Message::text("a".repeat(32 * 1024 + 1))]] {
        let (api, mut socket) = sends(messages).await;
        assert_eq!(u16::from(close_frame(&mut socket).await.code), 1009);
        let event = api.functions.nth("bye", 0).await;
        assert_eq!(event["requestContext"]["disconnectStatusCode"], 1009);
        api.counts(0).await;
    }
}
