//! What an operator does when everything is quiet, or was away.

use local_sqs::{OutgoingMessage, ReceiveRequest};
use orderly::republish::{InvokeError, Options, Relay, Report, Republisher, Window};
use serde_json::Value;

use crate::{
    description::{STACK, name_of},
    lambda::{End, Lambda, Slot},
    queues::POISON,
    sim::BEGINNING,
};

/// The relay, as an operator invokes it.
struct Invoked {
    slot: Slot,
    publishes: String,
}

impl Relay for Invoked {
    async fn publishes(&self) -> Result<String, InvokeError> {
        Ok(self.publishes.clone())
    }

    async fn relay(&self, batch: &Value) -> Result<Value, InvokeError> {
        match self.slot.invoke(batch.clone(), None).await {
            End::Answered(answer) => Ok(answer),
            End::Failed(body) => Err(InvokeError::Failed { kind: "Unhandled".to_owned(), body }),
            End::Died => Err(InvokeError::Unreadable { what: "answer" }),
        }
    }
}

impl Lambda {
    /// Puts back what lies in dead-letter queues and is an event, as an operator does; whether
    /// there was any.
    pub(crate) async fn redrive(&self) -> bool {
        let queues = &self.services.queues;
        let mut is_any = false;
        for queue in &self.template.queues {
            let Some(redrive) = &queue.redrive else { continue };
            let dead = name_of(&redrive.dead_letter_arn);
            let letters = queues.depth(dead).unwrap().total();
            for _ in 0..letters {
                let request = ReceiveRequest { max: 1, ..ReceiveRequest::default() };
                for letter in queues.receive(dead, request).await.unwrap() {
                    if letter.body == POISON {
                        continue;
                    }
                    is_any = true;
                    self.sim.note(&format!("put back into {}", queue.name));
                    queues.send(&queue.name, OutgoingMessage::new(letter.body)).unwrap();
                    queues.delete(dead, &letter.receipt_handle).unwrap();
                }
            }
        }
        is_any
    }

    /// Publishes again what nobody has heard of, by what `orderly republish` does.
    pub(crate) async fn republish(&self) -> Report {
        let name = self.name_of("relay");
        let publishes = self.template.function(name).unwrap().environment["PUBLISHES"].clone();
        let relay = Invoked { slot: self.slot(name), publishes };
        let window = Window { since: BEGINNING, until: self.sim.now() };
        let options = Options { window, is_dry: false, rate: None };
        let (client, views) = (self.services.database.client(), format!("{STACK}-order-views"));
        let report = Republisher::new(client, views, relay, options).run(|_| ()).await.unwrap();
        self.sim.note(&format!("published again:\n{report}"));
        report
    }
}
