//! A carrier in memory, and faults on the way to it or back.

use super::*;

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    None,
    RequestLost,
    AnswerLost,
}

pub(super) fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![Just(Fault::None), Just(Fault::RequestLost), Just(Fault::AnswerLost)];
    prop::collection::vec(fault, 0..8)
}

/// What is behind the address.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    #[default]
    There,
    Nowhere,
}

/// After how many attempts a step is abandoned that may be.
const REVIEW_AFTER: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) shipment: Shipment,
    pub(super) emitted: Vec<ShippingEvent>,
    pub(super) shipped: usize,
    pub(super) voided: bool,
    pub(super) unpaid: usize,
    pub(super) shipped_after_cancel: usize,
    /// How often a step was abandoned.
    pub(super) abandoned: usize,
    door: Door,
    /// At the pending command.
    attempts: u32,
    applied: Vec<Input>,
}

impl World {
    /// Applies `history` to a shipment, with `faults` in its first attempts; then an operator
    /// resumes what was abandoned.
    pub(super) fn run(history: &[Input], door: Door, faults: &[Fault]) -> Self {
        let mut world = Self { door, ..Self::default() };
        let mut faults = faults.iter().copied();
        for input in history {
            world.apply(input);
            world.run_pending(&mut faults);
        }
        world.apply(&Input::Resumed);
        world.run_pending(&mut std::iter::empty());
        world
    }

    fn apply(&mut self, input: &Input) {
        self.applied.push(input.clone());
        let before = self.shipment.pending();
        let (shipment, emitted) = std::mem::take(&mut self.shipment).transition(input);
        self.shipment = shipment;
        if self.shipment.pending() != before {
            self.attempts = 0;
        }
        self.emitted.extend(emitted);
    }

    /// Runs commands until none is pending, or one is not answered. One that may be abandoned is,
    /// when it was tried often enough.
    fn run_pending(&mut self, faults: &mut impl Iterator<Item = Fault>) {
        while let Some(command) = self.shipment.pending() {
            self.attempts += 1;
            let answer = match faults.next().unwrap_or(Fault::None) {
                Fault::None => Some(self.handle(&command)),
                Fault::RequestLost => None,
                Fault::AnswerLost => {
                    self.handle(&command);
                    None
                }
            };
            match answer {
                Some(answer) => self.apply(&answer),
                None if self.attempts < REVIEW_AFTER => return,
                None => {
                    let exhausted = Shipment::on_exhausted(&command, self.attempts, "no answer");
                    let Some(exhausted) = exhausted else { return };
                    self.abandoned += 1;
                    self.apply(&exhausted);
                }
            }
        }
    }

    fn handle(&mut self, command: &Command) -> Input {
        match command {
            Command::Ship { .. } | Command::Reconcile { .. } if self.door == Door::Nowhere => {
                Input::Refused(refusal())
            }
            Command::Ship { .. } => {
                if self.shipped == 0 {
                    self.shipped = 1;
                    self.unpaid += usize::from(!self.applied.contains(&Input::Paid));
                    self.shipped_after_cancel +=
                        usize::from(self.applied.contains(&Input::Cancelled));
                }
                Input::Shipped(shipment())
            }
            Command::Reconcile { .. } => {
                self.shipped = 1;
                Input::Shipped(shipment())
            }
            Command::Void { .. } => {
                self.voided = true;
                Input::Voided
            }
        }
    }
}
