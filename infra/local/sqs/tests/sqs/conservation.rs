//! Nothing is lost and nothing appears: over random operations on a queue and its dead-letter
//! queue, sent = deleted + visible + in flight + delayed + dead-lettered.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use local_sqs::{
    MoveStatus, OutgoingMessage, QueueSpec, ReceiveRequest, ReceivedMessage, Redrive, Sqs, Standing,
};
use proptest::prelude::*;

const RECEIVES_MAX: u32 = 2;
const GROUPS: usize = 3;
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone)]
enum Step {
    Send { delayed: bool },
    Receive { dead: bool, max: usize, hold: bool },
    Delete { handle: prop::sample::Index },
    ChangeVisibility { handle: prop::sample::Index, hold: bool },
    MoveBack,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(|delayed| Step::Send { delayed }),
        6 => (any::<bool>(), 1..=10_usize, any::<bool>())
            .prop_map(|(dead, max, hold)| Step::Receive { dead, max, hold }),
        3 => any::<prop::sample::Index>().prop_map(|handle| Step::Delete { handle }),
        2 => (any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(handle, hold)| Step::ChangeVisibility { handle, hold }),
        1 => Just(Step::MoveBack),
    ]
}

/// Where a message is and how it stands, as the queues themselves report it.
type Whereabouts = BTreeMap<String, (bool, Standing)>;

/// The queues, and what the test expects of them. Messages are told apart by their bodies.
struct World {
    sqs: Sqs,
    fifo: bool,
    names: [String; 2],
    /// Every handle ever given out, with its queue and its message.
    handles: Vec<(bool, String, String)>,
    /// The one handle of each message that still counts.
    latest: BTreeMap<String, String>,
    sent: usize,
    alive: BTreeSet<String>,
}

impl World {
    fn new(fifo: bool) -> Self {
        let sqs = Sqs::new("http://127.0.0.1:9000");
        let names =
            ["orders", "dead"].map(|it| if fifo { format!("{it}.fifo") } else { it.to_owned() });
        let redrive =
            Redrive { dead_letter_queue: names[1].clone(), max_receive_count: RECEIVES_MAX };
        for (name, redrive) in names.iter().zip([Some(redrive), None]) {
            let spec = QueueSpec {
                fifo,
                content_based_deduplication: fifo,
                redrive,
                ..QueueSpec::named(name)
            };
            sqs.create_queue(spec).unwrap();
        }
        let (handles, latest, alive) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        Self { sqs, fifo, names, handles, latest, sent: 0, alive }
    }

    fn queue(&self, dead: bool) -> &str {
        &self.names[usize::from(dead)]
    }

    fn whereabouts(&self) -> Whereabouts {
        let mut found = Whereabouts::new();
        for dead in [false, true] {
            for message in self.sqs.peek(self.queue(dead)).unwrap() {
                let twice = found.insert(message.body, (dead, message.standing));
                assert_eq!(twice, None, "a message is in two places");
            }
        }
        found
    }

    async fn take(&mut self, step: Step) {
        let before = self.whereabouts();
        match step {
            Step::Send { delayed } => self.send(delayed),
            Step::Receive { dead, max, hold } => self.receive(dead, max, hold, &before).await,
            Step::Delete { handle } => self.delete(handle, &before),
            Step::ChangeVisibility { handle, hold } => {
                if let Some((dead, handle, _)) = self.pick(handle) {
                    // Whether the handle still counts or not, nothing may get lost.
                    let timeout = if hold { HOUR } else { Duration::ZERO };
                    let _ = self.sqs.change_visibility(self.queue(dead), &handle, timeout);
                }
            }
            Step::MoveBack => self.move_back().await,
        }
        let after = self.whereabouts();
        for (body, (dead, _)) in &after {
            if before.get(body).is_some_and(|(was_dead, _)| was_dead != dead) {
                self.latest.remove(body);
            }
        }
        self.check(&after);
    }

    fn send(&mut self, delayed: bool) {
        let body = self.sent.to_string();
        let message = OutgoingMessage {
            group_id: self.fifo.then(|| (self.sent % GROUPS).to_string()),
            delay: (delayed && !self.fifo).then_some(Duration::from_secs(900)),
            ..OutgoingMessage::new(&body)
        };
        self.sqs.send(self.queue(false), message).unwrap();
        self.sent += 1;
        self.alive.insert(body);
    }

    async fn receive(&mut self, dead: bool, max: usize, hold: bool, before: &Whereabouts) {
        let visibility = Some(if hold { HOUR } else { Duration::ZERO });
        let request = ReceiveRequest { max, wait: Duration::ZERO, visibility };
        let queue = self.sqs.peek(self.queue(dead)).unwrap();
        let arrived: Vec<String> = queue.into_iter().map(|message| message.body).collect();
        let batch = self.sqs.receive(self.queue(dead), request).await.unwrap();
        assert!(batch.len() <= max);
        if self.fifo {
            check_order(dead, &batch, before, &arrived);
        }
        for message in batch {
            let was = before[&message.body];
            assert_eq!(was, (dead, Standing::Visible), "received what was not to be had");
            self.latest.insert(message.body.clone(), message.receipt_handle.clone());
            self.handles.push((dead, message.receipt_handle, message.body));
        }
    }

    fn delete(&mut self, index: prop::sample::Index, before: &Whereabouts) {
        let Some((dead, handle, body)) = self.pick(index) else { return };
        let in_flight = before.get(&body) == Some(&(dead, Standing::InFlight));
        let counts = self.latest.get(&body) == Some(&handle) && self.alive.contains(&body);
        let outcome = self.sqs.delete(self.queue(dead), &handle);
        if counts && (in_flight || !self.fifo) {
            assert_eq!(outcome, Ok(()));
            self.alive.remove(&body);
        }
    }

    async fn move_back(&mut self) {
        self.sqs.start_move(self.queue(true), None, None).unwrap();
        while self.sqs.moves(self.queue(true)).unwrap()[0].status == MoveStatus::Running {
            tokio::task::yield_now().await;
        }
        assert_eq!(self.sqs.moves(self.queue(true)).unwrap()[0].status, MoveStatus::Completed);
    }

    fn pick(&self, index: prop::sample::Index) -> Option<(bool, String, String)> {
        (!self.handles.is_empty()).then(|| index.get(&self.handles).clone())
    }

    fn check(&self, after: &Whereabouts) {
        let found: BTreeSet<String> = after.keys().cloned().collect();
        assert_eq!(found, self.alive);
        for dead in [false, true] {
            let depth = self.sqs.depth(self.queue(dead)).unwrap();
            let count = |standing| after.values().filter(|it| **it == (dead, standing)).count();
            assert_eq!(depth.visible, count(Standing::Visible));
            assert_eq!(depth.in_flight, count(Standing::InFlight));
            assert_eq!(depth.delayed, count(Standing::Delayed));
        }
    }
}

/// Of each group: ascending, and nothing while something of it that `arrived` before is in flight.
fn check_order(dead: bool, batch: &[ReceivedMessage], before: &Whereabouts, arrived: &[String]) {
    let place = |body: &str| arrived.iter().position(|it| it == body);
    let number = |body: &str| body.parse::<usize>().unwrap();
    let mut last = BTreeMap::new();
    for message in batch {
        let group = number(&message.body) % GROUPS;
        let busy = |(body, at): (&String, &(bool, Standing))| {
            number(body) % GROUPS == group
                && *at == (dead, Standing::InFlight)
                && place(body) < place(&message.body)
        };
        assert!(!before.iter().any(busy), "one of a group in flight is overtaken");
        let sequence = message.attributes["SequenceNumber"].clone();
        let previous = last.insert(group, sequence.clone());
        assert!(dead || previous.is_none_or(|previous| previous < sequence), "out of order");
    }
}

proptest! {
    #[test]
    fn whatever_happens_every_message_is_somewhere(
        fifo in any::<bool>(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(fifo);
            for step in steps {
                world.take(step).await;
            }
        });
    }
}
