//! What is left to chance: it follows from the seed, and for each subject from nothing else.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// The kinds of things that are drawn, each from generators of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Whether something goes wrong.
    Strike = 1,
    /// How badly.
    Magnitude = 2,
    /// What is always uncertain.
    Weather = 3,
}

/// How often something was drawn for each subject.
#[derive(Debug, Default)]
pub(crate) struct Draws(BTreeMap<String, u64>);

impl Draws {
    /// The index of what is drawn next for `subject`. It depends on nothing that is drawn for
    /// others: a function that makes a call more leaves the others what they had.
    pub(crate) fn turn(&mut self, subject: String) -> u64 {
        let mut hasher = DefaultHasher::new();
        subject.hash(&mut hasher);
        let turn = self.0.entry(subject).or_default();
        *turn += 1;
        turn.hash(&mut hasher);
        hasher.finish()
    }
}

/// A generator for the thing of one kind with this index: it does not depend on what else was drawn.
pub(crate) fn generator(seed: u64, kind: Kind, index: u64) -> fastrand::Rng {
    let kind = kind as u64;
    let mut mixed = seed ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for word in [kind, index] {
        mixed = mixed.wrapping_add(word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    fastrand::Rng::with_seed(mixed)
}

/// Of `payment#2 PutItem ord-1` it is `payment PutItem`: without the process, and what it is about.
pub(crate) fn subject(what: &str) -> String {
    let words = what.split(' ').take(2).map(|word| word.split('#').next().unwrap_or_default());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::{
        fault::{Fault, Site},
        profile::{Plan, Profile},
        sim::Sim,
    };

    /// What strikes the payment while `others` make calls beside it.
    fn strikes(others: usize) -> Vec<(Option<Fault>, u64)> {
        let sim = Sim::new(7, Plan::Drawn(Profile::rough(0.2)));
        let payment = |number: usize| {
            for other in 0..others {
                sim.fault_point(Site::Write, &format!("shipping#{other} PutItem"));
                sim.rng("shipping").u64(..);
            }
            let met = sim.fault_point(Site::Write, &format!("payment#{number} PutItem"));
            (met.map(|(fault, _)| fault), sim.rng("payment").u64(..))
        };
        (0..200).map(payment).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_function_meets_does_not_depend_on_the_calls_of_others() {
        let alone = strikes(0);
        assert_eq!(strikes(1), alone);
        assert_eq!(strikes(3), alone);
        assert!(alone.iter().any(|(fault, _)| fault.is_some()), "nothing strikes");
    }
}
