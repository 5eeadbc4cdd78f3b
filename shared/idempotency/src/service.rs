//! What happens to one request on its way to the handler and back.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use runtime::Failure;
use tower::{Service, ServiceExt};
use tracing::{Instrument, field::Empty, info_span};

use crate::{
    Attempt, Codec, Completion, IdempotencyError, Identify, Record, Store, UnitOfWork,
    claim::{ClaimResult, Completing, RequestKey},
    layer::{Mode, Policy},
    observation::Observation,
};

/// How often a handler decides again when its conditions did not hold.
const DECISIONS_MAX: usize = 3;

/// Lets each request take effect once. Made by [`IdempotencyLayer`](crate::IdempotencyLayer).
pub struct Idempotent<H, S, R, I, C> {
    pub(crate) handler: H,
    pub(crate) policy: Policy<S, R, I, C>,
}

impl<H: Clone, S: Clone, R, I: Clone, C: Clone> Clone for Idempotent<H, S, R, I, C> {
    fn clone(&self) -> Self {
        Self { handler: self.handler.clone(), policy: self.policy.clone() }
    }
}

/// What a request led to, and how that is to be counted.
type Ending<R> = (Completion<R>, Observation);

// ===== impl Idempotent =====

impl<H, T, S, R, I, C> Service<T> for Idempotent<H, S, R, I, C>
where
    H: Service<Attempt<T, S::Refused>, Response = UnitOfWork<R, S::Write>, Error = Failure>
        + Clone
        + Send
        + 'static,
    H::Future: Send,
    T: Clone + Send + Sync + 'static,
    S: Store,
    R: Send + Sync + 'static,
    I: Identify<T>,
    C: Codec<R>,
{
    type Response = Completion<R>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Completion<R>, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.handler.poll_ready(context)
    }

    fn call(&mut self, request: T) -> Self::Future {
        // The clone is not ready; the service that was polled ready goes into the future.
        let clone = self.handler.clone();
        let handler = mem::replace(&mut self.handler, clone);
        let policy = self.policy.clone();
        let consumer = policy.guard.consumer.clone();
        let span = info_span!("idempotency", %consumer, id = Empty, outcome = Empty);
        let handling = async move {
            let ending = policy.handle(handler, request).await;
            let observation = match &ending {
                Ok((_, observation)) => *observation,
                Err(failure) => Observation::of(failure),
            };
            observation.note(&consumer);
            ending.map(|(completion, _)| completion)
        };
        Box::pin(handling.instrument(span))
    }
}

// ===== impl Policy =====

impl<S, R, I, C> Policy<S, R, I, C>
where
    S: Store,
    C: Codec<R>,
{
    async fn handle<H, T>(&self, handler: H, request: T) -> Result<Ending<R>, Failure>
    where
        H: Service<Attempt<T, S::Refused>, Response = UnitOfWork<R, S::Write>, Error = Failure>,
        T: Clone,
        I: Identify<T>,
    {
        let identity = self.identify.identify(&request)?;
        let replay_name = identity.as_ref().and_then(|it| it.replay_name.as_deref());
        if !self.guard.replays.lets_in(replay_name) {
            return Ok((Completion::ReplayRefused, Observation::ReplayRefused));
        }
        let ticket = self.guard.ticket(identity)?;
        tracing::Span::current().record("id", &ticket.id);
        if let Some(record) = self.guard.cached(&ticket)? {
            return Ok((self.replay(record).await?, Observation::CacheHit));
        }
        match self.mode {
            Mode::Transactional => self.transactional(handler, ticket, request).await,
            Mode::Leased => self.leased(handler, ticket, request).await,
        }
    }

    async fn transactional<H, T>(
        &self,
        mut handler: H,
        ticket: RequestKey,
        request: T,
    ) -> Result<Ending<R>, Failure>
    where
        H: Service<Attempt<T, S::Refused>, Response = UnitOfWork<R, S::Write>, Error = Failure>,
        T: Clone,
    {
        let mut refused = Vec::new();
        for _ in 0..DECISIONS_MAX {
            let id = ticket.id.clone();
            let attempt = Attempt { request: request.clone(), id, refused, resumed: false };
            let unit = handler.ready().await?.call(attempt).await?;
            let completing = self.completing(&ticket, &unit).await?;
            match self.guard.commit(&ticket, completing).await? {
                ClaimResult::Granted(()) => {
                    return Ok((Completion::New(unit.result), Observation::New));
                }
                ClaimResult::Completed(record) => {
                    return Ok((self.replay(record).await?, Observation::Duplicate));
                }
                ClaimResult::Refused(writes) => refused = writes,
            }
        }
        Err(IdempotencyError::Contended { id: ticket.id }.into())
    }

    async fn leased<H, T>(
        &self,
        mut handler: H,
        ticket: RequestKey,
        request: T,
    ) -> Result<Ending<R>, Failure>
    where
        H: Service<Attempt<T, S::Refused>, Response = UnitOfWork<R, S::Write>, Error = Failure>,
    {
        let claim = match self.guard.claim(&ticket).await? {
            ClaimResult::Granted(claim) => claim,
            ClaimResult::Completed(record) => {
                return Ok((self.replay(record).await?, Observation::Duplicate));
            }
            // A claim has no writes beside it: a store that says otherwise is broken.
            ClaimResult::Refused(_) => {
                return Err(IdempotencyError::Contended { id: ticket.id }.into());
            }
        };
        let (id, refused, resumed) = (ticket.id.clone(), Vec::new(), claim.resumed);
        let attempt = Attempt { request, id, refused, resumed };
        let completed = async {
            let unit = handler.ready().await?.call(attempt).await?;
            let completing = self.completing(&ticket, &unit).await?;
            self.guard.complete(&ticket, &claim, completing).await?;
            Ok(unit.result)
        };
        match completed.await {
            Ok(result) => Ok((Completion::New(result), Observation::New)),
            Err(failure) => {
                self.guard.release(&ticket, &claim).await;
                Err(failure)
            }
        }
    }

    async fn completing<'a>(
        &self,
        ticket: &RequestKey,
        unit: &'a UnitOfWork<R, S::Write>,
    ) -> Result<Completing<'a, S::Write>, Failure> {
        let encoded = self.codec.encode(&unit.result).await;
        let result = encoded.map_err(|source| codec_failure(&ticket.id, "encoded", source))?;
        Ok(Completing { result, writes: &unit.writes, outgoing: &unit.outgoing })
    }

    async fn replay(&self, record: Record) -> Result<Completion<R>, Failure> {
        // What has no result was recorded for nothing but its having happened.
        let stored = record.result.unwrap_or_else(|| "null".to_owned());
        let decoded = self.codec.decode(stored).await;
        let result = decoded.map_err(|source| codec_failure(&record.id, "decoded", source))?;
        Ok(Completion::Replayed(match &self.hook {
            Some(hook) => hook(result, &record.id),
            None => result,
        }))
    }
}

fn codec_failure(id: &str, verb: &'static str, source: runtime::BoxError) -> Failure {
    match source.downcast::<Failure>() {
        Ok(failure) => *failure,
        Err(source) => IdempotencyError::Codec { id: id.to_owned(), verb, source }.into(),
    }
}
