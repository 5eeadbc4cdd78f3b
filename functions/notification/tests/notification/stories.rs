//! The mails that customers get when nothing goes wrong on the way.

use catalogue::{Currency, Money, Template};
use runtime::Done;
use serde_json::{Value, json};
use testkit::{
    Harness,
    orders::{delivery, order_paid},
    permutations,
};

use crate::{
    office::SENDER,
    world::{
        ADDRESS, ORDER, World, cancelled, created, created_by, paid, paid_as, shipped, shipped_as,
    },
};

const ALL: [&str; 4] = ["orderReceived", "paymentReceived", "orderShipped", "orderCancelled"];

#[tokio::test]
async fn each_event_is_one_mail() {
    let world = World::new().await;
    for delivery in [created(), paid(), shipped(), cancelled()] {
        assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Handled);
        assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Duplicate);
    }
    let mails = world.office.mail.mails();
    assert!(mails.iter().all(|mail| mail.to == [ADDRESS] && mail.from == SENDER));
    assert!(mails.iter().all(|mail| mail.cc.is_empty() && mail.bcc.is_empty()));
    let words: Vec<_> =
        mails.iter().map(|mail| (mail.subject.as_str(), mail.text.as_deref().unwrap())).collect();
    assert_eq!(
        words,
        [
            ("We have your order order-123", "Thank you. We will tell you when it is on its way.",),
            ("Payment received for order order-123", "We received your payment. 109.97 USD"),
            (
                "Your order order-123 is on its way",
                "You can follow it with: Local Parcel LP123456789",
            ),
            (
                "Your order order-123 is cancelled",
                "The reason: not everything you ordered is in stock. Whatever you paid goes back \
                 to you.",
            ),
        ]
    );
}

#[tokio::test]
async fn every_mail_is_announced_by_its_id_and_carries_its_reference() {
    let world = World::new().await;
    world.deliver_all(&[created(), paid()]).await;
    let mails = world.office.mail.mails();
    let [first, second] = world.published().try_into().unwrap();
    for (number, (published, mail)) in [&first, &second].into_iter().zip(&mails).enumerate() {
        assert_eq!(published.event_type, "NotificationSent");
        assert_eq!(published.sequence_number, number as u64 + 1);
        let expected = json!({
            "orderId": ORDER, "template": ALL[number], "messageId": mail.message_id,
        });
        assert_eq!(published.data, expected);
    }
    assert_eq!(first.causation_id, Some(created().envelope.event_id));
    assert_eq!(second.causation_id, Some(paid().envelope.event_id));
    let reference = |value: &str| ("X-Notification-Reference".to_owned(), value.to_owned());
    let references = ["order-123.orderReceived", "order-123.paymentReceived"].map(reference);
    assert!(mails.iter().flat_map(|it| &it.headers).eq(&references), "{mails:?}");
}

#[tokio::test]
async fn in_any_order_of_events_and_duplicates_each_is_one_mail() {
    for deliveries in permutations(&[created(), paid(), shipped(), cancelled()]) {
        let world = World::new().await;
        for delivery in &deliveries {
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
        }
        let mut sent = world.office.sent();
        let mut all = ALL.map(str::to_owned);
        sent.sort_unstable();
        all.sort_unstable();
        assert_eq!(sent, all);
        assert_eq!(world.answers().len(), 4);
    }
}

#[tokio::test]
async fn an_event_before_the_order_waits_for_its_customer() {
    let world = World::new().await;
    world.deliver_all(&[shipped(), paid()]).await;
    assert_eq!(world.office.sent(), [] as [&str; 0]);
    world.deliver(&created()).await.unwrap();
    assert_eq!(world.office.sent(), ALL[..3], "in the order in which they are worth reading");
}

#[tokio::test]
async fn a_customer_without_an_address_gets_no_mail_and_that_is_published() {
    let world = World::new().await;
    assert_eq!(world.deliver(&created_by("user-404")).await.unwrap(), Done::Handled);
    world.deliver(&paid()).await.unwrap();
    assert_eq!(world.office.posted().len(), 0);
    let failed = |template: &str| ("NotificationFailed".to_owned(), template.to_owned());
    assert_eq!(world.answers(), [failed("orderReceived"), failed("paymentReceived")]);
    assert_eq!(world.reasons()[0], "the customer has no address");
}

#[tokio::test]
async fn an_address_that_could_break_out_of_its_header_gets_no_mail() {
    for address in [
        "ada@lovelace.example\r\nBcc: eve@example.com",
        "ada@lovelace.example\nBcc: eve@example.com",
        "ada@lovelace.example, eve@example.com",
        "Ada <ada@lovelace.example>",
        "ada",
        "",
    ] {
        let world = World::new().await;
        world.contact("user-789", address).await;
        assert_eq!(world.deliver(&created_by("user-789")).await.unwrap(), Done::Handled);
        assert_eq!(world.office.posted().len(), 0, "{address:?}");
        let reason = "the customer's address is not one that mail can be sent to";
        assert_eq!(world.reasons(), [reason], "{address:?}");
    }
}

#[tokio::test]
async fn a_domain_beyond_ascii_is_written_to_as_dns_has_it() {
    let world = World::new().await;
    world.contact("user-789", "anna+orders@B\u{fc}cher.example").await;
    world.deliver(&created_by("user-789")).await.unwrap();
    assert_eq!(world.office.mail.mails()[0].to, ["anna+orders@xn--bcher-kva.example"]);

    let world = World::new().await;
    world.contact("user-789", "j\u{f6}rg@example.com").await;
    world.deliver(&created_by("user-789")).await.unwrap();
    assert_eq!(world.office.posted().len(), 0);
    assert!(world.reasons()[0].contains("only ASCII before the @"), "{:?}", world.reasons());
}

#[tokio::test]
async fn what_a_customer_paid_is_stated_in_their_currency() {
    for (amount, currency, text) in [
        (500, "JPY", "We received your payment. 500 JPY"),
        (5250, "KWD", "We received your payment. 5.250 KWD"),
    ] {
        let world = World::new().await;
        let paid = paid_as(Money::new(amount, Currency::parse(currency).unwrap()));
        world.deliver_all(&[created(), paid]).await;
        assert_eq!(world.office.mail.mails()[1].text.as_deref(), Some(text));
    }
}

#[tokio::test]
async fn what_a_carrier_calls_its_parcel_stays_in_the_text() {
    let world = World::new().await;
    let nasty = "LP1\r\nBcc: eve@example.com\r\n\r\n<script>";
    world.deliver_all(&[created(), shipped_as(nasty)]).await;
    let mail = world.office.mail.mails().pop().unwrap();
    assert_eq!(mail.subject, "Your order order-123 is on its way");
    assert_eq!((mail.to, mail.bcc, mail.html), (vec![ADDRESS.to_owned()], vec![], None));
}

#[tokio::test]
async fn events_without_a_mail_leave_no_trace() {
    let world = World::new().await;
    let paid = delivery(order_paid(), 2);
    assert_eq!(world.deliver(&paid).await.unwrap(), Done::Ignored);
    assert_eq!(world.row().await, Value::Null);
}

#[tokio::test]
async fn an_event_with_another_payload_is_dead_lettered() {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    let failure = world.deliver(&created_by("user-999")).await.unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
    assert_eq!(world.office.count(Template::OrderReceived), 1);
}
