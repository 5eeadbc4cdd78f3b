//! A network that loses: a TCP proxy before one address.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
    time::sleep,
};

/// The most that is taken for one chunk.
const CHUNK_MAX: usize = 16 * 1024;
/// What becomes of one chunk is drawn from so many.
const OUT_OF: u32 = 1_000;

/// What happens to a chunk that is not simply forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkFault {
    /// It is forwarded a little later.
    Delayed,
    /// The connection ends before a request is forwarded.
    RequestLost,
    /// A request is forwarded, and the connection ends before its answer.
    ResponseLost,
    /// The connection ends in the middle of an answer.
    AnswerCut,
    /// Nothing arrives until a limit, then the connection ends.
    Hung,
}

/// How often each fault occurs, in thousandths of the chunks that it can happen to, and how long
/// some of them take.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Of requests.
    pub to_upstream: Vec<(NetworkFault, u32)>,
    /// Of answers.
    pub to_client: Vec<(NetworkFault, u32)>,
    /// The longest delay.
    pub delay_max: Duration,
    /// How long nothing arrives that hangs.
    pub hang: Duration,
}

/// A proxy that loses what it should forward, as its seed has it. Each connection draws for itself:
/// what becomes of it depends on its number and its chunks alone. Dropped, it accepts no more.
#[derive(Debug)]
pub struct LossyProxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: Mutex<Option<String>>,
    rates: Rates,
    loses: AtomicBool,
    seed: u64,
    connections: AtomicU64,
    counts: Mutex<BTreeMap<NetworkFault, usize>>,
}

impl LossyProxy {
    /// A proxy on a free port of the loopback interface. It refuses connections until it knows
    /// [where to forward them](Self::forward_to).
    pub async fn start(seed: u64, rates: Rates) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            upstream: Mutex::default(),
            rates,
            loses: AtomicBool::new(true),
            seed,
            connections: AtomicU64::new(0),
            counts: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, accepting }
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Forwards from now on to `upstream`, a URL without a path or `host:port`.
    pub fn forward_to(&self, upstream: &str) {
        let address = upstream.trim_start_matches("http://").to_owned();
        *self.shared.upstream.lock().unwrap() = Some(address);
    }

    /// From now on it forwards everything.
    pub fn heal(&self) {
        self.shared.loses.store(false, Ordering::SeqCst);
    }

    /// How often each fault occurred.
    pub fn counts(&self) -> BTreeMap<NetworkFault, usize> {
        self.shared.counts.lock().unwrap().clone()
    }
}

impl Drop for LossyProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    /// What becomes of the next chunk.
    fn draw(&self, random: &mut Rng, rates: &[(NetworkFault, u32)]) -> Option<NetworkFault> {
        let mut drawn = random.u32(0..OUT_OF);
        if !self.loses.load(Ordering::SeqCst) {
            return None;
        }
        let fault = rates.iter().find_map(|(fault, rate)| {
            let hit = drawn < *rate;
            drawn = drawn.saturating_sub(*rate);
            hit.then_some(*fault)
        })?;
        *self.counts.lock().unwrap().entry(fault).or_default() += 1;
        Some(fault)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // An end that is not orderly is what this is for.
            let _ = connect(client, &shared, number).await;
        });
    }
}

async fn connect(client: TcpStream, shared: &Shared, number: u64) -> io::Result<()> {
    let address = shared.upstream.lock().unwrap().clone();
    let upstream = TcpStream::connect(address.ok_or(io::ErrorKind::ConnectionRefused)?).await?;
    client.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    let ((from_client, to_client), (from_upstream, to_upstream)) =
        (client.into_split(), upstream.into_split());
    let mut random = Rng::with_seed(shared.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let other = random.fork();
    // An answer that must not arrive.
    let doomed = AtomicBool::new(false);
    // The direction that ends first, by a fault or by its peer, ends the connection.
    tokio::select! {
        ended = forward_requests(shared, random, &doomed, (from_client, to_upstream)) => ended,
        ended = forward_answers(shared, other, &doomed, (from_upstream, to_client)) => ended,
    }
}

/// Forwards requests.
async fn forward_requests(
    shared: &Shared,
    mut random: Rng,
    doomed: &AtomicBool,
    (mut from, mut to): (OwnedReadHalf, OwnedWriteHalf),
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_MAX];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        match shared.draw(&mut random, &shared.rates.to_upstream) {
            None | Some(NetworkFault::AnswerCut) => (),
            Some(NetworkFault::Delayed) => delay(shared, &mut random).await,
            Some(NetworkFault::RequestLost) => return Ok(()),
            Some(NetworkFault::ResponseLost) => doomed.store(true, Ordering::SeqCst),
            Some(NetworkFault::Hung) => return hang(shared).await,
        }
        to.write_all(&chunk[..length]).await?;
    }
}

/// Forwards answers.
async fn forward_answers(
    shared: &Shared,
    mut random: Rng,
    doomed: &AtomicBool,
    (mut from, mut to): (OwnedReadHalf, OwnedWriteHalf),
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_MAX];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 || doomed.load(Ordering::SeqCst) {
            return Ok(());
        }
        match shared.draw(&mut random, &shared.rates.to_client) {
            None | Some(NetworkFault::RequestLost) => (),
            Some(NetworkFault::Delayed) => delay(shared, &mut random).await,
            Some(NetworkFault::ResponseLost) => return Ok(()),
            Some(NetworkFault::AnswerCut) => return to.write_all(&chunk[..length / 2]).await,
            Some(NetworkFault::Hung) => return hang(shared).await,
        }
        to.write_all(&chunk[..length]).await?;
    }
}

async fn delay(shared: &Shared, random: &mut Rng) {
    sleep(shared.rates.delay_max.mul_f64(random.f64())).await;
}

async fn hang(shared: &Shared) -> io::Result<()> {
    sleep(shared.rates.hang).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An upstream that counts the pings it gets, and answers each.
    async fn upstream() -> (String, Arc<AtomicU64>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let pings = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&pings);
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let mut ping = [0; 4];
                    while connection.read_exact(&mut ping).await.is_ok() {
                        counted.fetch_add(1, Ordering::SeqCst);
                        connection.write_all(b"pong").await.unwrap();
                    }
                });
            }
        });
        (address, pings)
    }

    fn rates(request: Option<NetworkFault>, answer: Option<NetworkFault>) -> Rates {
        let always = |fault: Option<NetworkFault>| fault.map(|it| (it, OUT_OF)).into_iter();
        Rates {
            to_upstream: always(request).collect(),
            to_client: always(answer).collect(),
            delay_max: Duration::from_millis(5),
            hang: Duration::from_millis(50),
        }
    }

    /// What comes back for one ping.
    async fn ping(port: u16) -> String {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        connection.write_all(b"ping").await.unwrap();
        let mut answer = Vec::new();
        let mut byte = [0];
        while answer.len() < 4 && connection.read(&mut byte).await.is_ok_and(|it| it == 1) {
            answer.push(byte[0]);
        }
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn each_fault_does_what_it_says_and_is_counted_until_faults_end() {
        use NetworkFault::{AnswerCut, Delayed, Hung, RequestLost, ResponseLost};
        for (request, answer, arrived, expected) in [
            (None, None, 1, "pong"),
            (Some(Delayed), None, 1, "pong"),
            (Some(RequestLost), None, 0, ""),
            (Some(ResponseLost), None, 1, ""),
            (Some(Hung), None, 0, ""),
            (None, Some(Delayed), 1, "pong"),
            (None, Some(ResponseLost), 1, ""),
            (None, Some(AnswerCut), 1, "po"),
            (None, Some(Hung), 1, ""),
        ] {
            let (address, pings) = upstream().await;
            let proxy = LossyProxy::start(1, rates(request, answer)).await;
            proxy.forward_to(&format!("http://{address}"));
            let case = format!("{request:?} {answer:?}");
            assert_eq!(ping(proxy.port()).await, expected, "{case}");
            assert_eq!(pings.load(Ordering::SeqCst), arrived, "{case}");
            let counts: BTreeMap<_, _> = request.or(answer).map(|it| (it, 1)).into_iter().collect();
            assert_eq!(proxy.counts(), counts, "{case}");
            proxy.heal();
            assert_eq!(ping(proxy.port()).await, "pong", "{case}");
            assert_eq!(proxy.counts(), counts, "{case}");
        }
    }

    #[tokio::test]
    async fn the_same_seed_loses_the_same_chunks() {
        let outcomes = async |seed: u64| {
            let (address, _) = upstream().await;
            let lost = vec![(NetworkFault::RequestLost, 300)];
            let proxy = LossyProxy::start(seed, Rates { to_upstream: lost, ..rates(None, None) });
            let proxy = proxy.await;
            proxy.forward_to(&address);
            let mut answers = Vec::new();
            for _ in 0..40 {
                answers.push(ping(proxy.port()).await);
            }
            answers
        };
        let first = outcomes(1).await;
        assert!(first.iter().any(String::is_empty) && first.iter().any(|it| it == "pong"));
        assert_eq!(first, outcomes(1).await);
        assert_ne!(first, outcomes(2).await);
    }

    #[tokio::test]
    async fn before_it_knows_an_upstream_it_answers_nothing() {
        let proxy = LossyProxy::start(1, rates(None, None)).await;
        assert_eq!(ping(proxy.port()).await, "");
    }
}
