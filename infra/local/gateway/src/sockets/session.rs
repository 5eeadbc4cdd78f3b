//! A connection from the moment its client is let in.
//!
//! Messages of one client are handed to functions one after the other, in the order they came. What
//! is posted to the client meanwhile is sent at once.

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Sleep, sleep, timeout},
};

use super::{
    IDLE_MAX, Inner, LIFETIME_MAX,
    event::Body,
    registry::{Connection, Outgoing},
    wire::{Ending, Received, Wire},
};

/// How many messages may wait before no more are read.
const WAITING_MAX: usize = 100;
/// How long a client may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A message with its function: what the client is to be told, if anything.
type Work = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// What a connection is woken by.
enum Event {
    Stopped,
    Told(Option<Outgoing>),
    Received(Received),
    Done(Option<String>),
    TooOld,
    TooIdle,
}

/// How a connection is to end: by whom, and with what.
struct End {
    ending: Ending,
    /// Whether the client is to be sent a close frame.
    is_ours: bool,
}

impl End {
    fn ours(code: u16, reason: &str) -> Self {
        Self { ending: Ending::new(code, reason), is_ours: true }
    }

    fn theirs(ending: Ending) -> Self {
        Self { ending, is_ours: false }
    }
}

struct Session<W> {
    api: Arc<Inner>,
    connection: Arc<Connection>,
    wire: W,
    idle: Pin<Box<Sleep>>,
    waiting: VecDeque<Body>,
    work: Option<Work>,
}

/// Serves a connection until it ends, and tells `$disconnect`.
pub(super) async fn run<W: Wire>(
    api: Arc<Inner>,
    connection: Arc<Connection>,
    posted: mpsc::Receiver<Outgoing>,
    wire: W,
) {
    let idle = Box::pin(sleep(IDLE_MAX));
    let (waiting, work) = (VecDeque::new(), None);
    Session { api, connection, wire, idle, waiting, work }.run(posted).await;
}

impl<W: Wire> Session<W> {
    async fn run(mut self, mut posted: mpsc::Receiver<Outgoing>) {
        let mut stopping = self.api.stopping.subscribe();
        let mut lifetime = Box::pin(sleep(LIFETIME_MAX));
        let end = loop {
            if self.work.is_none()
                && let Some(body) = self.waiting.pop_front()
            {
                let api = Arc::clone(&self.api);
                self.work = Some(Box::pin(api.message(Arc::clone(&self.connection), body)));
            }
            let may_read = self.waiting.len() < WAITING_MAX;
            let event = tokio::select! {
                biased;
                _ = stopping.wait_for(|it| *it) => Event::Stopped,
                told = posted.recv() => Event::Told(told),
                told = done(&mut self.work) => Event::Done(told),
                received = self.wire.receive(), if may_read => Event::Received(received),
                () = &mut lifetime => Event::TooOld,
                () = &mut self.idle => Event::TooIdle,
            };
            if let Some(end) = self.handle(event).await {
                break end;
            }
        };
        // From here on what is posted to the client is answered as gone.
        self.api.connections.remove(&self.connection.id);
        drop(posted);
        self.finish(end).await;
    }

    /// How the connection is to end, if it is to.
    async fn handle(&mut self, event: Event) -> Option<End> {
        match event {
            Event::Stopped | Event::TooOld | Event::TooIdle => Some(End::ours(1001, "Going away")),
            Event::Told(None | Some(Outgoing::Close)) => {
                Some(End::ours(1000, "Connection Closed Normally"))
            }
            Event::Told(Some(Outgoing::Post(data, done))) => self.send(data, Some(done)).await,
            Event::Done(told) => {
                self.work = None;
                match told {
                    Some(told) => self.send(told.into(), None).await,
                    None => None,
                }
            }
            Event::Received(Received::Message(body)) => {
                self.is_active();
                self.waiting.push_back(body);
                None
            }
            Event::Received(Received::Sign) => {
                self.is_active();
                None
            }
            Event::Received(Received::Ended(ending)) => Some(End::theirs(ending)),
            Event::Received(Received::Broken(ending)) => Some(End { ending, is_ours: true }),
        }
    }

    async fn send(&mut self, data: bytes::Bytes, done: Option<oneshot::Sender<()>>) -> Option<End> {
        match self.wire.send(data).await {
            Ok(()) => {
                self.is_active();
                // The caller may have stopped waiting.
                let _ = done.map(|done| done.send(()));
                None
            }
            Err(ending) => Some(End::theirs(ending)),
        }
    }

    fn is_active(&mut self) {
        self.connection.is_active_at(self.api.clock.now());
        self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
    }

    /// Says good-bye to the client, has its last messages handled, and tells `$disconnect`.
    async fn finish(mut self, end: End) {
        let End { ending, is_ours } = end;
        if is_ours {
            self.wire.close(&ending).await;
        }
        // The close frame of the other side is waited for, or answered.
        let closed = async { while !matches!(self.wire.receive().await, Received::Ended(_)) {} };
        let _ = timeout(CLOSE_TIMEOUT, closed).await;
        drop(self.wire);
        if *self.api.stopping.borrow() {
            return;
        }
        if let Some(work) = self.work {
            work.await;
        }
        for body in self.waiting {
            Arc::clone(&self.api).message(Arc::clone(&self.connection), body).await;
        }
        self.api.disconnect(&self.connection, ending.code, &ending.reason).await;
    }
}

/// What comes of the work, if there is some.
async fn done(work: &mut Option<Work>) -> Option<String> {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}
