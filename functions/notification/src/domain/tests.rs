use proptest::prelude::*;

use super::*;

mod table;

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn placed() -> Input {
    Input::Placed { user_id: id("user-456") }
}

fn notify(template: Template) -> Input {
    Input::Notify(Message { template, detail: None })
}

/// Sends what is pending, and applies the result, until nothing is pending.
fn drain(mut mails: Mails) -> (Mails, Vec<Template>) {
    let mut sent = Vec::new();
    while let Some(send) = mails.pending() {
        let template = send.message.template;
        sent.push(template);
        let input = Input::Sent { template, order_id: id("order-1"), message_id: "m".to_owned() };
        let (next, events) = mails.transition(&input);
        assert_eq!(events.len(), 1);
        mails = next;
    }
    (mails, sent)
}

#[test]
fn a_mail_waits_until_its_customer_is_known() {
    let (mails, _) = Mails::default().transition(&notify(Template::PaymentReceived));
    assert_eq!(mails.pending(), None);
    let (mails, _) = mails.transition(&placed());
    let (_, sent) = drain(mails);
    assert_eq!(sent, [Template::OrderReceived, Template::PaymentReceived]);
}

#[test]
fn a_result_that_comes_twice_is_published_once() {
    let failed = Input::Failed {
        template: Template::OrderReceived,
        order_id: id("order-1"),
        reason: "no address".into(),
    };
    let (mails, _) = Mails::default().transition(&placed());
    let (mails, first) = mails.transition(&failed);
    let (mails, second) = mails.transition(&failed);
    assert_eq!((first.len(), second.len(), mails.pending()), (1, 0, None));
}

proptest! {
    #[test]
    fn in_any_order_each_mail_is_sent_once(
        inputs in prop::collection::vec(
            prop::sample::select(vec![
                placed(),
                notify(Template::PaymentReceived),
                notify(Template::OrderShipped),
                notify(Template::OrderCancelled),
            ]),
            0..12,
        ),
    ) {
        let mut mails = Mails::default();
        let mut sent = Vec::new();
        for input in &inputs {
            let (next, now) = drain(mails.transition(input).0);
            mails = next;
            sent.extend(now);
        }
        sent.sort_unstable();
        let mut expected: Vec<Template> = mails.messages.keys().copied().collect();
        if !inputs.contains(&placed()) {
            expected.clear();
        }
        prop_assert_eq!(sent, expected);
    }
}
