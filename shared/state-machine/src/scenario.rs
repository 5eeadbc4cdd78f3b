//! Given, when, then for any [`StateMachine`].

use std::fmt::Debug;

use crate::StateMachine;

/// Starts a scenario from the inputs that the machine has taken.
pub fn given<M: StateMachine>(inputs: impl AsRef<[M::Input]>) -> Given<M> {
    let take = |machine: M, input| machine.transition(input).0;
    Given(inputs.as_ref().iter().fold(M::default(), take))
}

/// A state that waits for an input.
#[derive(Debug, Clone)]
pub struct Given<M>(M);

/// A transition that waits for an expectation.
#[derive(Debug)]
#[must_use = "a scenario without `then` checks nothing"]
pub struct When<M: StateMachine> {
    before: M,
    after: M,
    events: Vec<M::Event>,
}

impl<M: StateMachine> Given<M> {
    /// Gives the input to the state.
    pub fn when(self, input: impl Into<M::Input>) -> When<M> {
        let Self(before) = self;
        let (after, events) = before.clone().transition(&input.into());
        When { before, after, events }
    }
}

impl<M> When<M>
where
    M: StateMachine + Debug,
    M::Event: Debug + PartialEq,
    M::Command: Debug,
{
    /// Expects exactly these events, in this order, and this command to be pending then. The
    /// scenario may go on from there.
    #[track_caller]
    pub fn then(self, events: impl Into<Vec<M::Event>>, pending: Option<M::Command>) -> Given<M> {
        assert_eq!(self.events, events.into());
        assert_eq!(self.after.pending(), pending);
        Given(self.after)
    }

    /// Expects no event and the same state: the input has taken effect already, or never will.
    #[track_caller]
    pub fn then_nothing(self) -> Given<M> {
        assert_eq!(self.events, []);
        assert_eq!(self.after, self.before);
        Given(self.after)
    }
}
