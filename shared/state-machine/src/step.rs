//! The next step with an instance that was read or written. Pure.

use std::{num::NonZeroU32, time::Duration};

use runtime::{Failure, chain};
use time::OffsetDateTime;

use crate::{
    Attempt, StateMachine,
    instance::{Admission, Instance},
};

/// How much of a reason a machine is given, in characters: it goes into an event.
const REASON_LENGTH_MAX: usize = 500;
/// The reason of a command that is exhausted if no attempt has reported a result.
pub(crate) const UNANSWERED: &str = "no answer of the last attempt is known";

/// The next step of a delivery.
pub(crate) enum Step<M: StateMachine> {
    /// None: all that the trigger brings is stored, and nothing is pending.
    Return,
    /// Retry later, at the latest when what is left of the other attempt's lease has passed.
    Wait(Duration),
    /// Store the inputs of the trigger. Nothing is pending, or it is another attempt's: its holder
    /// reads the input when it writes, for its revision is then out of date.
    Save,
    /// Run the pending command.
    Run(M::Command),
    /// Abandon the pending command by this input. Its last attempts have not reported a result, not
    /// even a failure: another one would not either.
    Abandon(M::Input),
}

impl<M: StateMachine> Step<M> {
    /// The next step with `instance`, to which the trigger was applied.
    pub(crate) fn of(
        instance: &Instance<M>,
        admission: Admission,
        exhausted_after: NonZeroU32,
        now: OffsetDateTime,
    ) -> Self {
        match (instance.state.pending(), instance.lease_left(now), admission) {
            (None, _, Admission::Seen) => Self::Return,
            (Some(_), Some(left), Admission::Seen) => Self::Wait(left),
            (None, _, Admission::New) | (Some(_), Some(_), Admission::New) => Self::Save,
            (Some(command), None, _) => {
                let is_exhausted = instance.attempts >= exhausted_after.get();
                let abandoned = is_exhausted
                    .then(|| M::on_exhausted(&command, instance.attempts, UNANSWERED))
                    .flatten();
                abandoned.map_or(Self::Run(command), Self::Abandon)
            }
        }
    }
}

/// The input that abandons a command whose `attempt` ended in `failure`: if it was tried often
/// enough, or can never succeed.
pub(crate) fn abandoned<M: StateMachine>(
    attempt: &Attempt<M::Command>,
    failure: &Failure,
    exhausted_after: NonZeroU32,
) -> Option<M::Input> {
    let (reason, is_exhausted) = match failure {
        Failure::Retry { reason, .. } => (reason, attempt.number >= exhausted_after.get()),
        Failure::Permanent { reason } => (reason, true),
    };
    let reason: String = chain(reason.as_ref()).chars().take(REASON_LENGTH_MAX).collect();
    is_exhausted.then(|| M::on_exhausted(&attempt.command, attempt.number, &reason)).flatten()
}
