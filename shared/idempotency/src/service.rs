//! The handling of one request, from its key to its completion.

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
    observation::Observation,
    policy::{Mode, Policy},
};

/// How often a handler decides again when its conditions failed.
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

/// The completion of a request, and its outcome for metrics.
type Ending<R> = (Completion<R>, Observation);

// ===== impl Idempotent =====

impl<H, T, S, R, I, C> Service<T> for Idempotent<H, S, R, I, C>
where
    H: Service<Attempt<T, S::ConditionFailed>, Response = UnitOfWork<R, S::Write>, Error = Failure>
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
        // The clone is not ready; the service that was polled ready moves into the future.
        let clone = self.handler.clone();
        let handler = mem::replace(&mut self.handler, clone);
        let policy = self.policy.clone();
        let consumer = policy.config.consumer.clone();
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
        H: Service<
                Attempt<T, S::ConditionFailed>,
                Response = UnitOfWork<R, S::Write>,
                Error = Failure,
            >,
        T: Clone,
        I: Identify<T>,
    {
        let identity = self.identify.identify(&request)?;
        let replay_name = identity.as_ref().and_then(|identity| identity.replay_name.as_deref());
        if !self.config.replays.lets_in(replay_name) {
            return Ok((Completion::ReplayRefused, Observation::ReplayRefused));
        }
        let request_key = self.config.request_key(identity)?;
        tracing::Span::current().record("id", &request_key.id);
        if let Some(record) = self.config.cached(&request_key)? {
            return Ok((self.replay(record).await?, Observation::CacheHit));
        }
        match self.mode {
            Mode::Transactional => self.transactional(handler, request_key, request).await,
            Mode::Leased => self.leased(handler, request_key, request).await,
        }
    }

    async fn transactional<H, T>(
        &self,
        mut handler: H,
        request_key: RequestKey,
        request: T,
    ) -> Result<Ending<R>, Failure>
    where
        H: Service<
                Attempt<T, S::ConditionFailed>,
                Response = UnitOfWork<R, S::Write>,
                Error = Failure,
            >,
        T: Clone,
    {
        let mut failed_conditions = Vec::new();
        for _ in 0..DECISIONS_MAX {
            let id = request_key.id.clone();
            let attempt =
                Attempt { request: request.clone(), id, failed_conditions, resumed: false };
            let unit = handler.ready().await?.call(attempt).await?;
            let completing = self.completing(&request_key, &unit).await?;
            match self.config.commit(&request_key, completing).await? {
                ClaimResult::Granted(()) => {
                    return Ok((Completion::New(unit.result), Observation::New));
                }
                ClaimResult::Completed(record) => {
                    return Ok((self.replay(record).await?, Observation::Duplicate));
                }
                ClaimResult::ConditionFailed(writes) => failed_conditions = writes,
            }
        }
        Err(IdempotencyError::Contended { id: request_key.id }.into())
    }

    async fn leased<H, T>(
        &self,
        mut handler: H,
        request_key: RequestKey,
        request: T,
    ) -> Result<Ending<R>, Failure>
    where
        H: Service<
                Attempt<T, S::ConditionFailed>,
                Response = UnitOfWork<R, S::Write>,
                Error = Failure,
            >,
    {
        let claim = match self.config.claim(&request_key).await? {
            ClaimResult::Granted(claim) => claim,
            ClaimResult::Completed(record) => {
                return Ok((self.replay(record).await?, Observation::Duplicate));
            }
            // A claim has no writes beside it: a store that reports failed ones is broken.
            ClaimResult::ConditionFailed(_) => {
                return Err(IdempotencyError::Contended { id: request_key.id }.into());
            }
        };
        let attempt = Attempt {
            request,
            id: request_key.id.clone(),
            failed_conditions: Vec::new(),
            resumed: claim.resumed,
        };
        let completed = async {
            let unit = handler.ready().await?.call(attempt).await?;
            let completing = self.completing(&request_key, &unit).await?;
            self.config.complete(&request_key, &claim, completing).await?;
            Ok(unit.result)
        };
        match completed.await {
            Ok(result) => Ok((Completion::New(result), Observation::New)),
            Err(failure) => {
                self.config.release(&request_key, &claim).await;
                Err(failure)
            }
        }
    }

    async fn completing<'a>(
        &self,
        request_key: &RequestKey,
        unit: &'a UnitOfWork<R, S::Write>,
    ) -> Result<Completing<'a, S::Write>, Failure> {
        let encoded = self.codec.encode(&unit.result).await;
        let result = encoded.map_err(|source| codec_failure(&request_key.id, "encoded", source))?;
        Ok(Completing { result, writes: &unit.writes, outgoing: &unit.outgoing })
    }

    async fn replay(&self, record: Record) -> Result<Completion<R>, Failure> {
        // A record without a result only shows that the request was handled.
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
