//! What an operator does when everything is quiet.

use local_sqs::{OutgoingMessage, ReceiveRequest};

use crate::{description::name_of, lambda::Lambda, queues::POISON};

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
}
