use proptest::prelude::*;

use super::*;

mod table;

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn placed() -> Fact {
    Fact::Placed { user_id: id("user-456") }
}

fn news(template: Template) -> Fact {
    Fact::News(Message { template, detail: None })
}

/// Sends whatever is due, and tells the machine, until nothing is.
fn drain(mut mails: Mails) -> (Mails, Vec<Template>) {
    let mut sent = Vec::new();
    while let Some(due) = mails.due() {
        let template = due.message.template;
        sent.push(template);
        let fact = Fact::Sent { template, order_id: id("order-1"), message_id: "m".to_owned() };
        let (next, events) = mails.apply(&fact);
        assert_eq!(events.len(), 1);
        mails = next;
    }
    (mails, sent)
}

#[test]
fn news_waits_until_it_is_known_whom_to_tell() {
    let (mails, _) = Mails::default().apply(&news(Template::PaymentReceived));
    assert_eq!(mails.due(), None);
    let (mails, _) = mails.apply(&placed());
    let (_, sent) = drain(mails);
    assert_eq!(sent, [Template::OrderReceived, Template::PaymentReceived]);
}

#[test]
fn an_answer_that_comes_twice_is_said_once() {
    let failed = Fact::Failed {
        template: Template::OrderReceived,
        order_id: id("order-1"),
        reason: "no address".into(),
    };
    let (mails, _) = Mails::default().apply(&placed());
    let (mails, first) = mails.apply(&failed);
    let (mails, second) = mails.apply(&failed);
    assert_eq!((first.len(), second.len(), mails.due()), (1, 0, None));
}

proptest! {
    #[test]
    fn in_any_order_each_mail_is_sent_once(
        facts in prop::collection::vec(
            prop::sample::select(vec![
                placed(),
                news(Template::PaymentReceived),
                news(Template::OrderShipped),
                news(Template::OrderCancelled),
            ]),
            0..12,
        ),
    ) {
        let mut mails = Mails::default();
        let mut sent = Vec::new();
        for fact in &facts {
            let (next, now) = drain(mails.apply(fact).0);
            mails = next;
            sent.extend(now);
        }
        sent.sort_unstable();
        let mut expected: Vec<Template> = mails.messages.keys().copied().collect();
        if !facts.contains(&placed()) {
            expected.clear();
        }
        prop_assert_eq!(sent, expected);
    }
}
