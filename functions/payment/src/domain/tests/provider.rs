//! A provider in memory, and faults on the way to it or back.

use std::collections::VecDeque;

use super::*;

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    None,
    RequestLost,
    AnswerLost,
    /// Timed out at the client, handled later.
    Late,
}

pub(super) fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![
        Just(Fault::None),
        Just(Fault::RequestLost),
        Just(Fault::AnswerLost),
        Just(Fault::Late),
    ];
    prop::collection::vec(fault, 0..8)
}

/// How the customer's bank decides.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Card {
    #[default]
    Pays,
    Declines,
}

/// After how many attempts a step is abandoned that may be.
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
    pub(super) emitted: Vec<PaymentEvent>,
    pub(super) captures: Vec<Money>,
    pub(super) refunds: Vec<Money>,
    pub(super) unreserved_charges: usize,
    /// How often a step was abandoned.
    pub(super) abandoned: usize,
    card: Card,
    /// At the pending command.
    attempts: u32,
    key: Key,
    is_reserved: bool,
    late: VecDeque<Command>,
}

impl World {
    /// Applies `history` to a payment, with `faults` in its first attempts; then everything that
    /// can arrive does, and an operator resumes what was abandoned.
    pub(super) fn run(history: &[Input], card: Card, faults: &[Fault]) -> Self {
        Self::run_with(history, card, faults, false)
    }

    /// As [`run`](Self::run). The provider `reports` what went back before the operator comes.
    pub(super) fn run_with(history: &[Input], card: Card, faults: &[Fault], reports: bool) -> Self {
        let mut world = Self { card, ..Self::default() };
        let mut faults = faults.iter().copied();
        for input in history {
            world.apply(input);
            world.run_pending(&mut faults);
        }
        world.run_pending(&mut faults);
        while let Some(command) = world.late.pop_front() {
            world.handle(&command);
        }
        world.run_pending(&mut std::iter::empty());
        if reports && !world.refunds.is_empty() {
            world.apply(&Input::Refunded(refund()));
        }
        world.apply(&Input::Resumed);
        world.run_pending(&mut std::iter::empty());
        world
    }

    fn apply(&mut self, input: &Input) {
        self.is_reserved |= *input == Input::Reserved;
        let before = self.payment.pending();
        let (payment, emitted) = std::mem::take(&mut self.payment).transition(input);
        self.payment = payment;
        if self.payment.pending() != before {
            self.attempts = 0;
        }
        self.emitted.extend(emitted);
    }

    /// Runs commands until none is pending, or one is not answered. One that may be abandoned is,
    /// when it was tried often enough.
    fn run_pending(&mut self, faults: &mut impl Iterator<Item = Fault>) {
        while let Some(command) = self.payment.pending() {
            self.attempts += 1;
            let attempted = command.clone();
            let answer = match faults.next().unwrap_or(Fault::None) {
                Fault::None => self.handle(&command),
                Fault::RequestLost => None,
                Fault::AnswerLost => {
                    self.handle(&command);
                    None
                }
                Fault::Late => {
                    self.late.push_back(command);
                    None
                }
            };
            let abandoned = || Payment::on_exhausted(&attempted, self.attempts, "no answer");
            match answer {
                Some(answer) => self.apply(&answer),
                None if self.attempts < REVIEW_AFTER => return,
                None => {
                    let Some(exhausted) = abandoned() else { return };
                    self.abandoned += 1;
                    self.apply(&exhausted);
                }
            }
        }
    }

    fn handle(&mut self, command: &Command) -> Option<Input> {
        match (command, self.key) {
            (Command::Charge(_), Key::Free) if self.card == Card::Declines => {
                Some(Input::Declined(decline()))
            }
            (Command::Charge(charge), Key::Free) => {
                self.key = Key::Charged;
                self.captures.push(charge.amount);
                self.unreserved_charges += usize::from(!self.is_reserved);
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
