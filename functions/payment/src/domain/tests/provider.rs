//! A provider in memory, and attempts that go wrong on the way to it or back.

use std::collections::VecDeque;

use super::*;

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mishap {
    None,
    RequestLost,
    AnswerLost,
    /// Given up by the client, carried out later.
    Late,
}

pub(super) fn mishaps() -> impl Strategy<Value = Vec<Mishap>> {
    let mishap = prop_oneof![
        Just(Mishap::None),
        Just(Mishap::RequestLost),
        Just(Mishap::AnswerLost),
        Just(Mishap::Late),
    ];
    prop::collection::vec(mishap, 0..8)
}

/// What the provider keeps of the charge's idempotency key.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Key {
    #[default]
    Free,
    Charged,
    /// Used up, so that no charge can follow.
    Shut,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) payment: Payment,
    pub(super) said: Vec<Said>,
    pub(super) captures: Vec<Money>,
    pub(super) refunds: Vec<Money>,
    pub(super) unreserved_charges: usize,
    key: Key,
    heard_reserved: bool,
    late: VecDeque<Effect>,
}

impl World {
    /// Tells a payment `history`, with `mishaps` for its first attempts; then everything that can
    /// arrive does.
    pub(super) fn run(history: &[Fact], mishaps: &[Mishap]) -> Self {
        let mut world = Self::default();
        let mut mishaps = mishaps.iter().copied();
        for fact in history {
            world.tell(fact);
            world.work(&mut mishaps);
        }
        world.work(&mut mishaps);
        while let Some(effect) = world.late.pop_front() {
            world.carry_out(&effect);
        }
        world.work(&mut std::iter::empty());
        world
    }

    fn tell(&mut self, fact: &Fact) {
        self.heard_reserved |= *fact == Fact::Reserved;
        let (payment, said) = std::mem::take(&mut self.payment).apply(fact);
        self.payment = payment;
        self.said.extend(said);
    }

    /// Has effects until none is due, or one is not answered.
    fn work(&mut self, mishaps: &mut impl Iterator<Item = Mishap>) {
        while let Some(effect) = self.payment.due() {
            let answer = match mishaps.next().unwrap_or(Mishap::None) {
                Mishap::None => self.carry_out(&effect),
                Mishap::RequestLost => None,
                Mishap::AnswerLost => {
                    self.carry_out(&effect);
                    None
                }
                Mishap::Late => {
                    self.late.push_back(effect);
                    None
                }
            };
            let Some(answer) = answer else { return };
            self.tell(&answer);
        }
    }

    fn carry_out(&mut self, effect: &Effect) -> Option<Fact> {
        match (effect, self.key) {
            (Effect::Charge(charge), Key::Free) => {
                self.key = Key::Charged;
                self.captures.push(charge.amount);
                self.unreserved_charges += usize::from(!self.heard_reserved);
                Some(captured())
            }
            (Effect::Charge(_) | Effect::Revoke(_), Key::Charged) => Some(captured()),
            (Effect::Charge(_), Key::Shut) => None,
            (Effect::Revoke(_), Key::Free | Key::Shut) => {
                self.key = Key::Shut;
                Some(Fact::Revoked)
            }
            (Effect::Refund(refund), _) => {
                if self.refunds.is_empty() {
                    self.refunds.push(refund.amount);
                }
                Some(refunded())
            }
        }
    }
}
