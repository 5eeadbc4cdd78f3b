//! Orders at a given rate, whether or not those before have been answered.
//!
//! A generator that waits for answers would stop asking just when the system is slow, and measure
//! only its good moments. Here every order has its moment beforehand, and its times are taken from
//! that moment on.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::client::{Customer, NewOrder};

/// How many orders a customer places: fewer than the template lets one place in a minute, so that a
/// run measures orders and no refusals.
const ORDERS_EACH: usize = 8;

/// An order that was sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    /// When it was due.
    pub(super) due: OffsetDateTime,
    /// From that moment to the answer.
    pub(super) answered_after: Duration,
    /// Its id, if it was accepted, and else what was answered.
    pub(super) outcome: Result<String, String>,
}

/// When orders come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Schedule {
    pub(super) orders: usize,
    /// A second.
    pub(super) rate: f64,
}

impl Schedule {
    /// How long after the first the order `number` (from 0) is due.
    pub(super) fn due(&self, number: usize) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "no run places 2^52 orders")]
        let number = number as f64;
        Duration::from_secs_f64(number / self.rate)
    }
}

/// How many customers place so many orders.
pub(super) fn customers(orders: usize) -> usize {
    orders.div_ceil(ORDERS_EACH)
}

/// The id of a customer.
pub(super) fn customer(number: usize) -> String {
    format!("load-{number}")
}

/// Sends every order of `schedule` when it is due.
pub(super) async fn send(customer: Customer, schedule: Schedule, run: String) -> Vec<Sent> {
    let (start, start_wall) = (Instant::now(), super::now());
    let mut answers = JoinSet::new();
    for number in 0..schedule.orders {
        let after = schedule.due(number);
        sleep_until(start + after).await;
        let customer = customer.named(&self::customer(number % customers(schedule.orders)));
        let key = format!("load-{run}-{number}");
        answers.spawn(async move {
            let answer = customer.place(&NewOrder::of_the_book(), &key).await;
            let outcome = match answer {
                Ok(answer) if answer.status == 201 => {
                    answer.order_id().map(str::to_owned).ok_or_else(|| answer.body.to_string())
                }
                Ok(answer) => Err(format!("{} {}", answer.status, answer.body)),
                Err(error) => Err(error.to_string()),
            };
            Sent { due: start_wall + after, answered_after: (start + after).elapsed(), outcome }
        });
    }
    answers.join_all().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_due_at_a_steady_rate() {
        let schedule = Schedule { orders: 100, rate: 50.0 };
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(75), Duration::from_millis(1_500));
    }

    #[test]
    fn no_customer_places_more_than_one_may_in_a_minute() {
        for orders in [1, 7, 8, 9, 500, 2_000] {
            let mut placed = std::collections::BTreeMap::<_, usize>::new();
            for number in 0..orders {
                *placed.entry(number % customers(orders)).or_default() += 1;
            }
            assert!(placed.values().all(|count| *count <= ORDERS_EACH), "{orders}");
        }
    }
}
