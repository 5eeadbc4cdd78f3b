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

fn inputs() -> [(&'static str, Input); 3] {
    let order_id = id("order-1");
    [
        ("wanted", Input::Notify(message())),
        (
            "sent",
            Input::Sent {
                template: TEMPLATE,
                order_id: order_id.clone(),
                message_id: "m".to_owned(),
            },
        ),
        ("failed", Input::Failed { template: TEMPLATE, order_id, reason: "no".to_owned() }),
    ]
}

fn name(state: Option<&Progress>) -> &'static str {
    match state {
        None => "*absent*",
        Some(Progress::Wanted(_)) => "wanted",
        Some(Progress::Settled) => "settled",
    }
}

fn cell(state: Option<&Progress>, input: &Input) -> String {
    let messages = state.map(|state| (TEMPLATE, state.clone())).into_iter().collect();
    let (mails, events) = Mails { user_id: None, messages }.transition(input);
    let next = mails.messages.get(&TEMPLATE);
    if next == state {
        assert_eq!(events, [], "{input:?} changes nothing, and has an event");
        return "–".to_owned();
    }
    let events = events.iter().map(|event| match event.entry().event_type {
        "NotificationSent" => "*sent*",
        "NotificationFailed" => "*failed*",
        other => other,
    });
    std::iter::once(name(next)).chain(events).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_code_is_the_table() {
    let inputs = inputs();
    let header = inputs.each_ref().map(|(name, _)| *name).join(" | ");
    let mut expected = vec![format!("/// | | {header} |"), "/// |---|---|---|---|".to_owned()];
    for state in states() {
        let state = state.as_ref();
        let cells = inputs.each_ref().map(|(_, input)| cell(state, input)).join(" | ");
        expected.push(format!("/// | {} | {cells} |", name(state)));
    }
    let written: Vec<_> = SOURCE.lines().filter(|line| line.starts_with("/// |")).collect();
    assert_eq!(written, expected, "\n{}\n", expected.join("\n"));
}
