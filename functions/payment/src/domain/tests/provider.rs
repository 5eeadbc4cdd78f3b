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

/// What the customer's bank says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Card {
    #[default]
    Pays,
    Declines,
}

/// After how many attempts a step is given up that may be.
const REVIEW_AFTER: u32 = 3;

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
    pub(super) said: Vec<PaymentEvent>,
    pub(super) captures: Vec<Money>,
    pub(super) refunds: Vec<Money>,
    pub(super) unreserved_charges: usize,
    /// How often a step was given up.
    pub(super) given_up: usize,
    card: Card,
    /// At what is due.
    attempts: u32,
    key: Key,
    heard_reserved: bool,
    late: VecDeque<Command>,
}

impl World {
    /// Tells a payment `history`, with `mishaps` for its first attempts; then everything that can
    /// arrive does, and an operator resumes what was given up.
    pub(super) fn run(history: &[Input], card: Card, mishaps: &[Mishap]) -> Self {
        Self::run_with(history, card, mishaps, false)
    }

    /// As [`run`](Self::run). The provider `reports` what went back before the operator comes.
    pub(super) fn run_with(
        history: &[Input],
        card: Card,
        mishaps: &[Mishap],
        reports: bool,
    ) -> Self {
        let mut world = Self { card, ..Self::default() };
        let mut mishaps = mishaps.iter().copied();
        for input in history {
            world.tell(input);
            world.work(&mut mishaps);
        }
        world.work(&mut mishaps);
        while let Some(command) = world.late.pop_front() {
            world.carry_out(&command);
        }
        world.work(&mut std::iter::empty());
        if reports && !world.refunds.is_empty() {
            world.tell(&Input::Refunded(refund()));
        }
        world.tell(&Input::Resumed);
        world.work(&mut std::iter::empty());
        world
    }

    fn tell(&mut self, input: &Input) {
        self.heard_reserved |= *input == Input::Reserved;
        let before = self.payment.pending();
        let (payment, said) = std::mem::take(&mut self.payment).transition(input);
        self.payment = payment;
        if self.payment.pending() != before {
            self.attempts = 0;
        }
        self.said.extend(said);
    }

    /// Has effects until none is due, or one is not answered. One that may be given up is, when it
    /// was tried often enough.
    fn work(&mut self, mishaps: &mut impl Iterator<Item = Mishap>) {
        while let Some(command) = self.payment.pending() {
            self.attempts += 1;
            let attempted = command.clone();
            let answer = match mishaps.next().unwrap_or(Mishap::None) {
                Mishap::None => self.carry_out(&command),
                Mishap::RequestLost => None,
                Mishap::AnswerLost => {
                    self.carry_out(&command);
                    None
                }
                Mishap::Late => {
                    self.late.push_back(command);
                    None
                }
            };
            let given_up = || Payment::on_exhausted(&attempted, self.attempts, "no answer");
            match answer {
                Some(answer) => self.tell(&answer),
                None if self.attempts < REVIEW_AFTER => return,
                None => {
                    let Some(gave_up) = given_up() else { return };
                    self.given_up += 1;
                    self.tell(&gave_up);
                }
            }
        }
    }

    fn carry_out(&mut self, command: &Command) -> Option<Input> {
        match (command, self.key) {
            (Command::Charge(_), Key::Free) if self.card == Card::Declines => {
                Some(Input::Declined(decline()))
            }
            (Command::Charge(charge), Key::Free) => {
                self.key = Key::Charged;
                self.captures.push(charge.amount);
                self.unreserved_charges += usize::from(!self.heard_reserved);
                Some(Input::Captured(capture()))
            }
            (Command::Charge(_) | Command::Revoke(_), Key::Charged) => {
                Some(Input::Captured(capture()))
            }
            (Command::Charge(_), Key::Shut) => None,
            (Command::Revoke(_), Key::Free | Key::Shut) => {
                self.key = Key::Shut;
                Some(Input::Revoked)
            }
            (Command::Refund(capture), _) => {
                if self.refunds.is_empty() {
                    self.refunds.push(capture.amount);
                }
                Some(Input::Refunded(refund()))
            }
        }
    }
}
