//! The tower layer around the typed handler of one record.

use std::{
    future::Future,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use event_envelope::Delivery;
use outcome::Failure;
use serde::{Serialize, de::DeserializeOwned};
use tower::{Layer, Service, ServiceExt};

use crate::{IdempotencyStore, Refused, UnitOfWork, store::Admission};

/// How often a handler decides again when its conditions did not hold.
const DECISIONS_MAX: usize = 3;

/// Something of which two deliveries are the same.
pub trait Keyed {
    /// The same for every delivery.
    fn idempotency_key(&self) -> String;

    /// A hash of what it says; the same key with another hash is refused.
    fn payload_hash(&self) -> String;
}

impl<E> Keyed for Delivery<E> {
    fn idempotency_key(&self) -> String {
        self.envelope.event_id.to_string()
    }

    fn payload_hash(&self) -> String {
        self.envelope.payload_hash()
    }
}

/// What a handler is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt<T> {
    /// The request.
    pub request: T,
    /// The writes of the handler's last answer whose conditions did not hold. Empty at first.
    pub refused: Vec<Refused>,
}

/// A handler's result, and whether it was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion<R> {
    /// The handler took effect now.
    New(R),
    /// It had taken effect before; this is the result it had then.
    Replayed(R),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Transactional,
    Leased,
}

/// Wraps a handler in [`Idempotent`].
#[derive(Debug, Clone)]
pub struct IdempotencyLayer<R> {
    store: IdempotencyStore,
    mode: Mode,
    result: PhantomData<fn() -> R>,
}

impl<R> IdempotencyLayer<R> {
    /// For handlers whose whole effect is in DynamoDB: nothing is written before the one
    /// transaction that holds the handler's writes, its events and the record.
    ///
    /// The handler may be called again with what was refused, or when a delivery is repeated
    /// while nothing is committed: it must have no effect of its own.
    pub fn transactional(store: IdempotencyStore) -> Self {
        Self { store, mode: Mode::Transactional, result: PhantomData }
    }

    /// For handlers with effects elsewhere: the record is claimed first, and completed in the same
    /// transaction as the handler's writes, if the claim still holds.
    ///
    /// A process that dies between the effect and the completion leaves the effect; the handler
    /// runs again when the lease ends. The effect needs a key of its own, the same every time.
    pub fn leased(store: IdempotencyStore) -> Self {
        Self { store, mode: Mode::Leased, result: PhantomData }
    }
}

impl<S, R> Layer<S> for IdempotencyLayer<R> {
    type Service = Idempotent<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Idempotent { inner, store: self.store.clone(), mode: self.mode, result: PhantomData }
    }
}

/// Lets each request take effect once.
#[derive(Debug)]
pub struct Idempotent<S, R> {
    inner: S,
    store: IdempotencyStore,
    mode: Mode,
    result: PhantomData<fn() -> R>,
}

impl<S: Clone, R> Clone for Idempotent<S, R> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            store: self.store.clone(),
            mode: self.mode,
            result: PhantomData,
        }
    }
}

// ===== impl Idempotent =====

impl<S, T, R> Service<T> for Idempotent<S, R>
where
    S: Service<Attempt<T>, Response = UnitOfWork<R>, Error = Failure> + Clone + Send + 'static,
    S::Future: Send,
    T: Keyed + Clone + Send + 'static,
    R: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Response = Completion<R>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Completion<R>, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: T) -> Self::Future {
        // The clone is not ready; the service that was polled ready goes into the future.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        let store = self.store.clone();
        match self.mode {
            Mode::Transactional => Box::pin(transactional(inner, store, request)),
            Mode::Leased => Box::pin(leased(inner, store, request)),
        }
    }
}

async fn transactional<S, T, R>(
    mut inner: S,
    store: IdempotencyStore,
    request: T,
) -> Result<Completion<R>, Failure>
where
    S: Service<Attempt<T>, Response = UnitOfWork<R>, Error = Failure>,
    T: Keyed + Clone,
    R: Serialize + DeserializeOwned,
{
    let (key, hash) = (request.idempotency_key(), request.payload_hash());
    let mut refused = Vec::new();
    for _ in 0..DECISIONS_MAX {
        let attempt = Attempt { request: request.clone(), refused };
        let unit = inner.ready().await?.call(attempt).await?;
        match store.commit(&key, &hash, &unit).await? {
            Admission::Granted(()) => return Ok(Completion::New(unit.result)),
            Admission::Completed(result) => return Ok(Completion::Replayed(result)),
            Admission::Refused(writes) => refused = writes,
        }
    }
    Err(Failure::retry("what the handler decides on keeps changing"))
}

async fn leased<S, T, R>(
    mut inner: S,
    store: IdempotencyStore,
    request: T,
) -> Result<Completion<R>, Failure>
where
    S: Service<Attempt<T>, Response = UnitOfWork<R>, Error = Failure>,
    T: Keyed + Clone,
    R: Serialize + DeserializeOwned,
{
    let (key, hash) = (request.idempotency_key(), request.payload_hash());
    let claim = match store.claim(&key, &hash).await? {
        Admission::Granted(claim) => claim,
        Admission::Completed(result) => return Ok(Completion::Replayed(result)),
        Admission::Refused(_) => return Err(Failure::retry("a claim has no business conditions")),
    };
    let handled = match inner.ready().await {
        Ok(ready) => ready.call(Attempt { request, refused: Vec::new() }).await,
        Err(failure) => Err(failure),
    };
    let completed = match &handled {
        Ok(unit) => store.complete(&key, &claim, unit).await,
        Err(_) => Ok(()),
    };
    match (handled, completed) {
        (Ok(unit), Ok(())) => Ok(Completion::New(unit.result)),
        (Err(failure), _) | (Ok(_), Err(failure)) => {
            // The first failure is the one worth reporting; a lease that is not released ends.
            if let Err(release) = store.release(&key, &claim).await {
                tracing::warn!(key, %release, "claim was not released");
            }
            Err(failure)
        }
    }
}
