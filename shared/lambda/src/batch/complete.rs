use runtime::{BoxError, Done, Failure, chain};
use tower::{Service, ServiceExt};
use tracing::{Instrument, Span, debug};

use crate::{
    batch::{ANSWER, Disposition, MalformedRecord, Poison},
    outcome::Outcome,
};

/// The record is to be delivered again.
#[derive(Debug)]
pub(crate) struct Incomplete;

/// What is wrong with a record that no service handles.
#[derive(Debug)]
pub(crate) enum Malformed {
    /// It can be dead-lettered: the response can still name it.
    Named(MalformedRecord),
    /// Nothing names it, so it may be no record at all: its source delivers the batch again.
    Unnamed(MalformedRecord),
}

/// Has `service` handle one record, and `poison` one that fails for good or is `malformed` from the
/// start. Logs the outcome, once, in `span`.
///
/// # Errors
///
/// When the record is to be delivered again.
pub(crate) async fn complete<R, S, P>(
    record: R,
    malformed: Option<Malformed>,
    span: Span,
    service: S,
    poison: P,
) -> Result<(), Incomplete>
where
    R: Clone,
    S: Service<R, Response = Done, Error = Failure>,
    P: Service<Poison<R>, Response = Disposition>,
    P::Error: Into<BoxError>,
{
    let completing = async {
        let outcome = async {
            let ended = match malformed {
                Some(Malformed::Unnamed(why)) => return Outcome::Left { reason: why.to_string() },
                Some(Malformed::Named(why)) => Err(Failure::permanent(why)),
                None => service.oneshot(record.clone()).await,
            };
            match ended {
                Ok(done) => Outcome::Done(done),
                Err(Failure::Retry { reason, .. }) => {
                    Outcome::Retry { reason: chain(reason.as_ref()), delay: None }
                }
                Err(Failure::Permanent { reason }) => {
                    dead_letter(Poison { record, reason }, poison).await
                }
            }
        };
        let outcome = runtime::in_time(ANSWER, outcome).await.unwrap_or(Outcome::Abandoned);
        outcome.log();
        outcome.is_complete().then_some(()).ok_or(Incomplete)
    };
    completing.instrument(span).await
}

async fn dead_letter<R, P>(record: Poison<R>, poison: P) -> Outcome
where
    P: Service<Poison<R>, Response = Disposition>,
    P::Error: Into<BoxError>,
{
    let reason = chain(record.reason.as_ref());
    match poison.oneshot(record).await {
        Ok(Disposition::DeadLettered) => Outcome::DeadLettered { reason },
        Ok(Disposition::Left) => Outcome::Left { reason },
        Err(error) => Outcome::NotDeadLettered { reason, error: chain(error.into().as_ref()) },
    }
}

/// Logs that a record was not handled, because one before it has failed.
pub(crate) fn log_held_back(span: &Span) {
    span.in_scope(|| debug!(outcome = "held_back"));
}
