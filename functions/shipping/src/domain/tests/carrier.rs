//! A carrier in memory, and attempts that go wrong on the way to it or back.

use super::*;

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mishap {
    None,
    RequestLost,
    AnswerLost,
}

pub(super) fn mishaps() -> impl Strategy<Value = Vec<Mishap>> {
    let mishap =
        prop_oneof![Just(Mishap::None), Just(Mishap::RequestLost), Just(Mishap::AnswerLost)];
    prop::collection::vec(mishap, 0..8)
}

/// What is behind the address.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    #[default]
    There,
    Nowhere,
}

/// After how many attempts a step is given up that may be.
const REVIEW_AFTER: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) dispatch: Shipment,
    pub(super) said: Vec<ShippingEvent>,
    pub(super) shipped: usize,
    pub(super) voided: bool,
    pub(super) unpaid: usize,
    pub(super) shipped_after_cancel: usize,
    /// How often a step was given up.
    pub(super) given_up: usize,
    door: Door,
    /// At what is due.
    attempts: u32,
    heard: Vec<Input>,
}

impl World {
    /// Tells a shipment `history`, with `mishaps` for its first attempts; then an operator resumes
    /// what was given up.
    pub(super) fn run(history: &[Input], door: Door, mishaps: &[Mishap]) -> Self {
        let mut world = Self { door, ..Self::default() };
        let mut mishaps = mishaps.iter().copied();
        for input in history {
            world.tell(input);
            world.work(&mut mishaps);
        }
        world.tell(&Input::Resumed);
        world.work(&mut std::iter::empty());
        world
    }

    fn tell(&mut self, input: &Input) {
        self.heard.push(input.clone());
        let before = self.dispatch.pending();
        let (dispatch, said) = std::mem::take(&mut self.dispatch).transition(input);
        self.dispatch = dispatch;
        if self.dispatch.pending() != before {
            self.attempts = 0;
        }
        self.said.extend(said);
    }

    /// Has effects until none is due, or one is not answered. One that may be given up is, when it
    /// was tried often enough.
    fn work(&mut self, mishaps: &mut impl Iterator<Item = Mishap>) {
        while let Some(command) = self.dispatch.pending() {
            self.attempts += 1;
            let answer = match mishaps.next().unwrap_or(Mishap::None) {
                Mishap::None => Some(self.carry_out(&command)),
                Mishap::RequestLost => None,
                Mishap::AnswerLost => {
                    self.carry_out(&command);
                    None
                }
            };
            match answer {
                Some(answer) => self.tell(&answer),
                None if self.attempts < REVIEW_AFTER => return,
                None => {
                    let gave_up = Shipment::on_exhausted(&command, self.attempts, "no answer");
                    let Some(gave_up) = gave_up else { return };
                    self.given_up += 1;
                    self.tell(&gave_up);
                }
            }
        }
    }

    fn carry_out(&mut self, command: &Command) -> Input {
        match command {
            Command::Ship { .. } | Command::Trace { .. } if self.door == Door::Nowhere => {
                Input::Refused(refusal())
            }
            Command::Ship { .. } => {
                if self.shipped == 0 {
                    self.shipped = 1;
                    self.unpaid += usize::from(!self.heard.contains(&Input::Paid));
                    self.shipped_after_cancel +=
                        usize::from(self.heard.contains(&Input::Cancelled));
                }
                Input::Shipped(shipment())
            }
            Command::Trace { .. } => {
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
