//! What only time shows: timeouts, delays and retention, on a clock that the test moves.

use std::time::Duration;

use tokio::time::Instant;

use super::Queue;
use crate::{
    clock::Now,
    content::Content,
    message::{OutgoingMessage, ReceivedMessage},
    spec::QueueSpec,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

struct Scene {
    queue: Queue,
    now: Now,
    sent: u32,
}

impl Scene {
    fn of(spec: QueueSpec) -> Self {
        spec.check().unwrap();
        let now = Now { instant: Instant::now(), wall_ms: 1_000_000 };
        Self { queue: Queue::new(spec, 1, now), now, sent: 0 }
    }

    fn standard() -> Self {
        Self::of(QueueSpec::named("orders"))
    }

    fn fifo() -> Self {
        Self::of(QueueSpec { fifo: true, ..QueueSpec::named("orders.fifo") })
    }

    fn send(&mut self, message: OutgoingMessage) {
        self.sent += 1;
        let content = Content::new(message).unwrap();
        self.queue.send(content, format!("id-{}", self.sent), self.now).unwrap();
    }

    fn send_to_group(&mut self, group: &str, body: &str) {
        self.send(OutgoingMessage {
            group_id: Some(group.to_owned()),
            deduplication_id: Some(body.to_owned()),
            ..OutgoingMessage::new(body)
        });
    }

    fn receive(&mut self, max: usize) -> Vec<ReceivedMessage> {
        let taken = self.queue.receive(max, self.queue.spec.visibility_timeout, None, self.now);
        taken.delivered.iter().map(super::Delivery::received).collect()
    }

    fn bodies(&mut self) -> Vec<String> {
        self.receive(10).into_iter().map(|message| message.body).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.wall_ms += u64::try_from(time.as_millis()).unwrap();
        self.queue.advance(self.now.instant);
    }
}

#[test]
fn a_message_comes_back_when_its_visibility_timeout_is_over() {
    let mut scene = Scene::standard();
    scene.send(OutgoingMessage::new("a"));
    let first = scene.receive(1).remove(0);
    scene.pass(29 * SECOND);
    assert!(scene.bodies().is_empty());
    scene.pass(SECOND);
    let second = scene.receive(1).remove(0);
    assert_ne!(first.receipt_handle, second.receipt_handle);
    assert_eq!(second.attributes["ApproximateReceiveCount"], "2");
    assert_eq!(second.attributes["SentTimestamp"], "1000000");
    assert_eq!(second.attributes["ApproximateFirstReceiveTimestamp"], "1000000");
}

#[test]
fn an_expired_handle_deletes_until_the_message_is_received_again() {
    let mut scene = Scene::standard();
    scene.send(OutgoingMessage::new("a"));
    let first = scene.receive(1).remove(0);
    scene.pass(30 * SECOND);
    let second = scene.receive(1).remove(0);
    scene.queue.delete(&first.receipt_handle).unwrap();
    assert_eq!(scene.queue.depth().in_flight, 1);
    scene.pass(30 * SECOND);
    scene.queue.delete(&second.receipt_handle).unwrap();
    assert_eq!(scene.queue.depth().total(), 0);
    scene.queue.delete(&second.receipt_handle).unwrap();
}

#[test]
fn a_fifo_queue_refuses_an_expired_handle() {
    let mut scene = Scene::fifo();
    scene.send_to_group("g", "a");
    let message = scene.receive(1).remove(0);
    scene.pass(30 * SECOND);
    let error = scene.queue.delete(&message.receipt_handle).unwrap_err();
    assert_eq!(error.short_code(), "InvalidParameterValue");
    assert!(error.message.contains("expired"));
}

#[test]
fn a_changed_timeout_counts_from_the_change() {
    let mut scene = Scene::standard();
    scene.send(OutgoingMessage::new("a"));
    let handle = scene.receive(1).remove(0).receipt_handle;
    scene.pass(20 * SECOND);
    scene.queue.change_visibility(&handle, 60 * SECOND, scene.now.instant).unwrap();
    scene.pass(59 * SECOND);
    assert!(scene.bodies().is_empty());
    scene.pass(SECOND);
    assert_eq!(scene.bodies(), ["a"]);
}

#[test]
fn a_handle_hides_its_message_again_after_the_timeout_unless_it_was_handed_back() {
    let mut scene = Scene::standard();
    scene.send(OutgoingMessage::new("a"));
    let handle = scene.receive(1).remove(0).receipt_handle;
    scene.pass(31 * SECOND);
    scene.queue.change_visibility(&handle, 10 * SECOND, scene.now.instant).unwrap();
    assert_eq!(scene.queue.depth().in_flight, 1);
    assert!(scene.bodies().is_empty());
    scene.pass(10 * SECOND);
    scene.queue.change_visibility(&handle, Duration::ZERO, scene.now.instant).unwrap();
    let late = scene.queue.change_visibility(&handle, SECOND, scene.now.instant).unwrap_err();
    assert_eq!(late.short_code(), "MessageNotInflight");
    assert_eq!(scene.bodies(), ["a"]);
}

#[test]
fn the_handle_of_an_earlier_receive_still_ends_the_timeout() {
    let mut scene = Scene::standard();
    scene.send(OutgoingMessage::new("a"));
    let earlier = scene.receive(1).remove(0).receipt_handle;
    scene.pass(30 * SECOND);
    assert_eq!(scene.bodies(), ["a"]);
    scene.queue.change_visibility(&earlier, Duration::ZERO, scene.now.instant).unwrap();
    assert_eq!(scene.bodies(), ["a"]);
}

#[test]
fn a_purge_forgets_which_ids_were_sent() {
    let mut scene = Scene::fifo();
    scene.send_to_group("g", "a");
    scene.queue.purge(scene.now.instant).unwrap();
    scene.send_to_group("g", "a");
    assert_eq!(scene.bodies(), ["a"]);
}

#[test]
fn no_message_is_held_for_more_than_twelve_hours() {
    let mut scene = Scene::standard();
    scene.send(OutgoingMessage::new("a"));
    let handle = scene.receive(1).remove(0).receipt_handle;
    scene.pass(SECOND);
    let error = scene.queue.change_visibility(&handle, 12 * HOUR, scene.now.instant).unwrap_err();
    assert_eq!(error.short_code(), "InvalidParameterValue");
    scene.queue.change_visibility(&handle, 12 * HOUR - SECOND, scene.now.instant).unwrap();
}

#[test]
fn a_delayed_message_shows_after_its_delay() {
    let mut scene = Scene::of(QueueSpec { delay: 10 * SECOND, ..QueueSpec::named("orders") });
    scene.send(OutgoingMessage::new("slow"));
    scene.send(OutgoingMessage { delay: Some(Duration::ZERO), ..OutgoingMessage::new("fast") });
    assert_eq!(scene.queue.depth().delayed, 1);
    assert_eq!(scene.bodies(), ["fast"]);
    scene.pass(10 * SECOND);
    assert_eq!(scene.bodies(), ["slow"]);
    assert_eq!(scene.queue.depth().delayed, 0);
}

#[test]
fn a_message_is_dropped_at_the_end_of_its_retention_wherever_it_stands() {
    let mut scene = Scene::standard();
    scene.send(OutgoingMessage::new("received"));
    scene.receive(1);
    scene.pass(HOUR);
    scene.send(OutgoingMessage::new("later"));
    scene.pass(96 * HOUR - HOUR);
    assert_eq!(scene.bodies(), ["later"]);
    // A shorter retention also holds for what is there already.
    scene.queue.spec.retention = HOUR;
    scene.pass(SECOND);
    assert_eq!(scene.queue.depth().total(), 0);
    assert_eq!(scene.queue.next_timer(), None);
}

#[test]
fn a_group_goes_on_when_its_message_times_out_and_in_the_old_order() {
    let mut scene = Scene::fifo();
    for (group, body) in [("g", "a"), ("h", "x"), ("g", "b")] {
        scene.send_to_group(group, body);
    }
    assert_eq!(scene.receive(1)[0].body, "a");
    assert_eq!(scene.bodies(), ["x"]);
    scene.pass(30 * SECOND);
    assert_eq!(scene.bodies(), ["a", "b", "x"]);
}

#[test]
fn a_duplicate_is_accepted_and_not_delivered_for_five_minutes() {
    let mut scene = Scene::fifo();
    scene.send_to_group("g", "a");
    let received = scene.receive(1).remove(0);
    scene.queue.delete(&received.receipt_handle).unwrap();
    scene.pass(299 * SECOND);
    scene.send_to_group("g", "a");
    assert_eq!(scene.queue.depth().total(), 0);
    scene.pass(SECOND);
    scene.send_to_group("g", "a");
    assert_eq!(scene.queue.depth().total(), 1);
}

#[test]
fn a_second_purge_within_a_minute_is_refused() {
    let mut scene = Scene::standard();
    scene.queue.purge(scene.now.instant).unwrap();
    scene.pass(59 * SECOND);
    let error = scene.queue.purge(scene.now.instant).unwrap_err();
    assert_eq!(error.short_code(), "PurgeQueueInProgress");
    scene.pass(SECOND);
    scene.queue.purge(scene.now.instant).unwrap();
}
