//! Given, when, then for any [`Decider`].

use std::fmt::Debug;

use crate::Decider;

/// Starts a scenario from a history of events.
pub fn given<D: Decider>(history: impl AsRef<[D::Event]>) -> Given<D> {
    Given(D::replay(history.as_ref()))
}

/// A state that waits for a command.
#[derive(Debug)]
pub struct Given<D>(D);

/// An outcome that waits for an expectation.
#[derive(Debug)]
#[must_use = "a scenario without `then` checks nothing"]
pub struct When<D: Decider>(Result<Vec<D::Event>, D::Error>);

impl<D: Decider> Given<D> {
    /// Gives the command to the state.
    pub fn when(self, command: impl Into<D::Command>) -> When<D> {
        When(self.0.decide(&command.into()))
    }
}

impl<D> When<D>
where
    D: Decider,
    D::Event: Debug + PartialEq,
    D::Error: Debug + PartialEq,
{
    /// Expects exactly these events, in this order.
    #[track_caller]
    pub fn then(self, expected: impl Into<Vec<D::Event>>) {
        assert_eq!(self.0, Ok(expected.into()));
    }

    /// Expects no events: the command had taken effect.
    #[track_caller]
    pub fn then_nothing(self) {
        self.then([]);
    }

    /// Expects the decider to reject the command.
    #[track_caller]
    pub fn then_rejected(self, expected: D::Error) {
        assert_eq!(self.0, Err(expected));
    }
}
