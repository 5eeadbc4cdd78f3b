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
    pub(super) dispatch: Dispatch,
    pub(super) said: Vec<Said>,
    pub(super) shipped: usize,
    pub(super) voided: bool,
    pub(super) unpaid: usize,
    pub(super) shipped_after_cancel: usize,
    /// How often a step was given up.
    pub(super) given_up: usize,
    door: Door,
    /// At what is due.
    attempts: u32,
    heard: Vec<Fact>,
}

impl World {
    /// Tells a shipment `history`, with `mishaps` for its first attempts; then an operator resumes
    /// what was given up.
    pub(super) fn run(history: &[Fact], door: Door, mishaps: &[Mishap]) -> Self {
        let mut world = Self { door, ..Self::default() };
        let mut mishaps = mishaps.iter().copied();
        for fact in history {
            world.tell(fact);
            world.work(&mut mishaps);
        }
        world.tell(&Fact::Resumed);
        world.work(&mut std::iter::empty());
        world
    }

    fn tell(&mut self, fact: &Fact) {
        self.heard.push(fact.clone());
        let before = self.dispatch.due();
        let (dispatch, said) = std::mem::take(&mut self.dispatch).apply(fact);
        self.dispatch = dispatch;
        if self.dispatch.due() != before {
            self.attempts = 0;
        }
        self.said.extend(said);
    }

    /// Has effects until none is due, or one is not answered. One that may be given up is, when it
    /// was tried often enough.
    fn work(&mut self, mishaps: &mut impl Iterator<Item = Mishap>) {
        while let Some(effect) = self.dispatch.due() {
            self.attempts += 1;
            let answer = match mishaps.next().unwrap_or(Mishap::None) {
                Mishap::None => Some(self.carry_out(&effect)),
                Mishap::RequestLost => None,
                Mishap::AnswerLost => {
                    self.carry_out(&effect);
                    None
                }
            };
            match answer {
                Some(answer) => self.tell(&answer),
                None if self.attempts < REVIEW_AFTER => return,
                None => {
                    let gave_up = Dispatch::give_up(&effect, self.attempts, "no answer");
                    let Some(gave_up) = gave_up else { return };
                    self.given_up += 1;
                    self.tell(&gave_up);
                }
            }
        }
    }

    fn carry_out(&mut self, effect: &Effect) -> Fact {
        match effect {
            Effect::Ship { .. } | Effect::Trace { .. } if self.door == Door::Nowhere => {
                Fact::Refused(refusal())
            }
            Effect::Ship { .. } => {
                if self.shipped == 0 {
                    self.shipped = 1;
                    self.unpaid += usize::from(!self.heard.contains(&Fact::Paid));
                    self.shipped_after_cancel += usize::from(self.heard.contains(&Fact::Cancelled));
                }
                Fact::Shipped(shipment())
            }
            Effect::Trace { .. } => {
                self.shipped = 1;
                Fact::Shipped(shipment())
            }
            Effect::Void { .. } => {
                self.voided = true;
                Fact::Voided
            }
        }
    }
}
