use runtime::{BoxError, Done, Failure, chain};
use tower::{Service, ServiceExt};
use tracing::{Instrument, Span, debug};

use crate::{
    batch::{Disposition, OddRecord, Poison, ordered_batch::ANSWER},
    outcome::Outcome,
};

/// The record is to come again.
#[derive(Debug)]
pub(crate) struct Unsettled;

/// What is wrong with a record that no service is to see.
#[derive(Debug)]
pub(crate) enum Odd {
    /// It can be put aside: the response can still name it.
    Named(OddRecord),
    /// Nothing names it, so it is not even known to be one: its source brings the batch again.
    Unnamed(OddRecord),
}

/// Has `service` handle one record, and `poison` what it finds poisonous, or what is `odd` from the
/// start. Says how it ended, once, in `span`.
///
/// # Errors
///
/// When the record is to come again.
pub(crate) async fn settle<R, S, P>(
    record: R,
    odd: Option<Odd>,
    span: Span,
    service: S,
    poison: P,
) -> Result<(), Unsettled>
where
    R: Clone,
    S: Service<R, Response = Done, Error = Failure>,
    P: Service<Poison<R>, Response = Disposition>,
    P::Error: Into<BoxError>,
{
    let settling = async {
        let outcome = async {
            let ended = match odd {
                Some(Odd::Unnamed(why)) => return Outcome::Left { reason: why.to_string() },
                Some(Odd::Named(why)) => Err(Failure::permanent(why)),
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
        outcome.is_settled().then_some(()).ok_or(Unsettled)
    };
    settling.instrument(span).await
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

/// Says that a record was not handled, because one before it has failed.
pub(crate) fn log_held_back(span: &Span) {
    span.in_scope(|| debug!(outcome = "held_back"));
}
