//! What holds of an order under any commands, in any order.

use proptest::prelude::*;

use super::*;

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Place(order())),
        Just(Command::Cancel),
        Just(payment()),
        Just(Command::RecordPaymentFailure),
        Just(Command::RecordRefund),
        Just(Command::RecordShortage),
        Just(Command::RecordShipment(shipment())),
        Just(Command::RecordShippingFailure),
        Just(late(Awaited::Payment)),
        Just(late(Awaited::Shipment)),
        Just(resume()),
    ]
}

/// Three facts without which no order ends well, and some of the others: each of them once or
/// several times, in any order.
fn any_deliveries() -> impl Strategy<Value = Vec<Command>> {
    let needed = [Command::Place(order()), payment(), Command::RecordShipment(shipment())];
    let again = prop::collection::vec(prop::sample::select(needed.to_vec()), 0..4);
    let others = prop::collection::vec(any_command(), 0..5);
    (again, others).prop_flat_map(move |(again, others)| {
        Just([needed.to_vec(), again, others].concat()).prop_shuffle()
    })
}

/// All that an order comes down to, as a person would keep account of it.
#[derive(Debug, Default, PartialEq)]
struct Account {
    placed: bool,
    paid: bool,
    end: Option<&'static str>,
}

impl Account {
    /// Takes in one of the facts; false when it has to wait.
    fn take(&mut self, fact: &Command) -> bool {
        let by_person = matches!(fact, Command::Cancel | Command::Resume(_));
        let by_time = matches!(fact, Command::TimeOut { .. });
        match fact {
            Command::Place(_) => self.placed = true,
            _ if !self.placed => return by_person || by_time,
            _ if self.end.is_some() => (),
            Command::RecordPayment { .. } => self.paid = true,
            Command::RecordShipment(_) if self.paid => self.end = Some("completed"),
            Command::RecordShipment(_) => return false,
            Command::Cancel | Command::RecordRefund | Command::RecordShippingFailure => {
                self.end = Some("cancelled");
            }
            // These mean that nothing was captured, and so change nothing about what is paid.
            Command::RecordPaymentFailure
            | Command::RecordShortage
            | Command::TimeOut { awaited: Awaited::Payment, .. } => {
                self.end = (!self.paid).then_some("cancelled");
            }
            Command::TimeOut { awaited: Awaited::Shipment, .. } => {
                self.end = self.paid.then_some("cancelled");
            }
            Command::Resume(_) => (),
        }
        true
    }
}

/// Delivers `facts` to the order and to the account, those that have to wait again after all the
/// others, and gives what has happened.
fn complete(facts: Vec<Command>) -> (Vec<OrderEvent>, Account) {
    let mut history = Vec::new();
    let mut account = Account::default();
    let mut waiting = facts;
    loop {
        let mut later = Vec::new();
        for fact in &waiting {
            let decided = Order::replay(&history).decide(fact);
            assert_eq!(decided != Err(Rule::Premature), account.take(fact), "{fact:?}");
            match decided {
                Ok(events) => history.extend(events),
                Err(Rule::Premature) => later.push(fact.clone()),
                // A person gets an error, or it needs manual intervention.
                Err(_) => (),
            }
        }
        if later.len() == waiting.len() {
            assert_eq!(later, [], "nothing gets on");
            return (history, account);
        }
        waiting = later;
    }
}

proptest! {
    #[test]
    fn an_order_ends_once_and_never_both_ways(
        commands in prop::collection::vec(any_command(), 0..40),
    ) {
        let mut history = Vec::new();
        for command in &commands {
            let decided = Order::replay(&history).decide(command).unwrap_or_default();
            history.extend(decided);
        }
        let count = |wanted: fn(&OrderEvent) -> bool| history.iter().filter(|event| wanted(event)).count();
        let cancelled = count(|event| matches!(event, OrderEvent::Cancelled(_)));
        let completed = count(|event| matches!(event, OrderEvent::Completed(_)));
        let shipped = count(|event| matches!(event, OrderEvent::Shipped(_)));
        let paid = count(|event| matches!(event, OrderEvent::Paid(_)));
        prop_assert!(cancelled + completed <= 1);
        prop_assert!(shipped == completed && shipped <= paid && paid <= 1);
    }

    #[test]
    fn an_order_ends_alike_in_whichever_order_and_however_often_its_facts_come(
        facts in any_deliveries(),
    ) {
        let (history, account) = complete(facts);
        let name = match Order::replay(&history) {
            Order::Completed => Some("completed"),
            Order::Cancelled => Some("cancelled"),
            Order::Absent | Order::Created(_) | Order::Paid(_) | Order::Shipped(_) => None,
        };
        prop_assert_eq!(name, account.end);
        let count = |wanted: fn(&OrderEvent) -> bool| history.iter().filter(|event| wanted(event)).count();
        let cancelled = count(|event| matches!(event, OrderEvent::Cancelled(_)));
        let completed = count(|event| matches!(event, OrderEvent::Completed(_)));
        let timed_out = count(|event| matches!(event, OrderEvent::TimedOut(_)));
        prop_assert_eq!(cancelled + completed, 1);
        prop_assert!(timed_out <= cancelled);
        prop_assert_eq!(account.paid, count(|event| matches!(event, OrderEvent::Paid(_))) == 1);
    }
}
