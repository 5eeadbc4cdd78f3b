//! The table in the documentation of `Mails` against the code.

use super::*;

const SOURCE: &str = include_str!("../../domain.rs");
const TEMPLATE: Template = Template::OrderShipped;

fn message() -> Message {
    Message { template: TEMPLATE, detail: Some("UPS 1Z".to_owned()) }
}

/// The states of a mail.
fn states() -> [Option<Progress>; 3] {
    [None, Some(Progress::Wanted(message())), Some(Progress::Settled)]
}

fn facts() -> [(&'static str, Fact); 3] {
    let order_id = id("order-1");
    [
        ("wanted", Fact::News(message())),
        (
            "sent",
            Fact::Sent {
                template: TEMPLATE,
                order_id: order_id.clone(),
                message_id: "m".to_owned(),
            },
        ),
        ("failed", Fact::Failed { template: TEMPLATE, order_id, reason: "no".to_owned() }),
    ]
}

fn name(state: Option<&Progress>) -> &'static str {
    match state {
        None => "*absent*",
        Some(Progress::Wanted(_)) => "wanted",
        Some(Progress::Settled) => "settled",
    }
}

fn cell(state: Option<&Progress>, fact: &Fact) -> String {
    let messages = state.map(|state| (TEMPLATE, state.clone())).into_iter().collect();
    let (mails, said) = Mails { user_id: None, messages }.apply(fact);
    let next = mails.messages.get(&TEMPLATE);
    if next == state {
        assert_eq!(said, [], "{fact:?} changes nothing, and is talked about");
        return "–".to_owned();
    }
    let said = said.iter().map(|event| match event.entry().event_type {
        "NotificationSent" => "*sent*",
        "NotificationFailed" => "*failed*",
        other => other,
    });
    std::iter::once(name(next)).chain(said).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_code_is_the_table() {
    let facts = facts();
    let header = facts.each_ref().map(|(name, _)| *name).join(" | ");
    let mut expected = vec![format!("/// | | {header} |"), "/// |---|---|---|---|".to_owned()];
    for state in states() {
        let state = state.as_ref();
        let cells = facts.each_ref().map(|(_, fact)| cell(state, fact)).join(" | ");
        expected.push(format!("/// | {} | {cells} |", name(state)));
    }
    let written: Vec<_> = SOURCE.lines().filter(|line| line.starts_with("/// |")).collect();
    assert_eq!(written, expected, "\n{}\n", expected.join("\n"));
}
