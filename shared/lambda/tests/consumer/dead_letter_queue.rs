use lambda::ReplayPolicy;
use local_sqs::{AttributeValue, ReceivedMessage};
use runtime::{Done, Failure};

use crate::{
    queues::World,
    shop::{consumer, handler, placed, run},
};

fn text<'a>(message: &'a ReceivedMessage, name: &str) -> Option<&'a str> {
    message.message_attributes.get(name).map(|attribute| match &attribute.value {
        AttributeValue::Text(text) => text.as_str(),
        AttributeValue::Binary(_) => panic!("{name} is binary"),
    })
}

#[tokio::test]
async fn one_poison_record_of_ten_leaves_nine_done() {
    let world = World::new();
    let poison = "{\"not\":\t\"an event\", \u{e9}";
    for number in 1..=9 {
        world.send(placed("order-1", number).to_string());
        if number == 4 {
            world.send(poison);
        }
    }
    let (service, handled) = handler(|_| Ok(Done::Handled));
    let returned = run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await;

    assert!(returned.is_empty());
    assert_eq!(handled.lock().unwrap().len(), 9);
    assert_eq!(world.left(), 0);
    let dead_lettered = world.dead_lettered().await;
    assert_eq!(dead_lettered.len(), 1);
    assert_eq!(dead_lettered[0].body, poison, "byte for byte");
    assert!(text(&dead_lettered[0], "reason").unwrap().starts_with("body: "));
    assert_eq!(text(&dead_lettered[0], "consumer"), Some("shop"));
    assert_eq!(text(&dead_lettered[0], "receiveCount"), Some("1"));
    assert!(text(&dead_lettered[0], "messageId").is_some());
    assert_eq!(text(&dead_lettered[0], "eventId"), None, "there is none to know");
}

#[tokio::test]
async fn what_the_handler_finds_poisonous_is_parked_under_its_name() {
    let world = World::new();
    let body = placed("order-1", 1).to_string();
    world.send(&body);
    let (service, _) =
        handler(|_| Err(Failure::permanent("a reason with\0 control\u{1b} characters")));
    assert!(run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await.is_empty());

    let dead_lettered = world.dead_lettered().await;
    assert_eq!(dead_lettered[0].body, body);
    assert_eq!(text(&dead_lettered[0], "eventId"), Some("evt_order-1_1"));
    assert_eq!(text(&dead_lettered[0], "correlationId"), Some("corr_order-1"));
    assert_eq!(
        text(&dead_lettered[0], "reason"),
        Some("a reason with\u{fffd} control\u{fffd} characters")
    );
}

#[tokio::test]
async fn a_newer_version_is_parked_and_an_unknown_type_is_not() {
    let world = World::new();
    let mut newer = placed("order-1", 1);
    newer["detail"]["eventVersion"] = "3.0".into();
    let mut unknown = placed("order-1", 2);
    unknown["detail"]["eventType"] = "Unheard".into();
    unknown["detail-type"] = "Unheard".into();
    world.send(newer.to_string());
    world.send(unknown.to_string());
    let (service, handled) = handler(|_| Ok(Done::Handled));
    assert!(run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await.is_empty());

    assert!(handled.lock().unwrap().is_empty());
    let dead_lettered = world.dead_lettered().await;
    assert_eq!(dead_lettered.len(), 1);
    assert!(text(&dead_lettered[0], "reason").unwrap().contains("3.0 is newer"));
}

#[tokio::test]
async fn what_cannot_be_parked_stays_in_its_queue() {
    let world = World::new();
    world.remove_dead_letter_queue();
    world.send("poison");
    world.send(placed("order-1", 1).to_string());
    let (service, handled) = handler(|_| Ok(Done::Handled));
    let returned = run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await;

    assert_eq!(returned, ["poison"]);
    assert_eq!(world.left(), 1);
    assert_eq!(*handled.lock().unwrap(), ["order-1 1"]);
}
