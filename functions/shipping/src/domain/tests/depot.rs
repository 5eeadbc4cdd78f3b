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

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) dispatch: Dispatch,
    pub(super) said: Vec<Said>,
    pub(super) shipped: usize,
    pub(super) voided: bool,
    pub(super) unpaid: usize,
    pub(super) shipped_after_cancel: usize,
    heard: Vec<Fact>,
}

impl World {
    /// Tells a shipment `history`, with `mishaps` for its first attempts.
    pub(super) fn run(history: &[Fact], mishaps: &[Mishap]) -> Self {
        let mut world = Self::default();
        let mut mishaps = mishaps.iter().copied();
        for fact in history {
            world.tell(fact);
            world.work(&mut mishaps);
        }
        world.work(&mut std::iter::empty());
        world
    }

    fn tell(&mut self, fact: &Fact) {
        self.heard.push(fact.clone());
        let (dispatch, said) = std::mem::take(&mut self.dispatch).apply(fact);
        self.dispatch = dispatch;
        self.said.extend(said);
    }

    /// Has effects until none is due, or one is not answered.
    fn work(&mut self, mishaps: &mut impl Iterator<Item = Mishap>) {
        while let Some(effect) = self.dispatch.due() {
            let answer = match mishaps.next().unwrap_or(Mishap::None) {
                Mishap::None => self.carry_out(&effect),
                Mishap::RequestLost => return,
                Mishap::AnswerLost => {
                    self.carry_out(&effect);
                    return;
                }
            };
            self.tell(&answer);
        }
    }

    fn carry_out(&mut self, effect: &Effect) -> Fact {
        match effect {
            Effect::Ship { .. } => {
                if self.shipped == 0 {
                    self.shipped = 1;
                    self.unpaid += usize::from(!self.heard.contains(&Fact::Paid));
                    self.shipped_after_cancel += usize::from(self.heard.contains(&Fact::Cancelled));
                }
                shipped()
            }
            Effect::Trace if self.shipped == 0 => Fact::NotShipped,
            Effect::Trace => shipped(),
            Effect::Void { .. } => {
                self.voided = true;
                Fact::Voided
            }
        }
    }
}
