//! The tower layer around the typed handler of one request.

use std::{fmt, sync::Arc};

use tower::Layer;

use crate::{
    ByKey, IdempotencyConfig, Idempotent, Json,
    policy::{Mode, Policy},
};

/// Wraps a handler in [`Idempotent`].
///
/// `S` is the store, `R` the handler's result, `I` finds the key of a request and `C` encodes
/// results.
pub struct IdempotencyLayer<S, R, I = ByKey, C = Json>(Policy<S, R, I, C>);

impl<S, R> IdempotencyLayer<S, R> {
    /// For handlers whose side effects are all in the store: nothing is written before the one
    /// transaction that holds the handler's writes, its events and the record.
    ///
    /// The handler may be called again with its failed conditions, or when a delivery is repeated
    /// while nothing is committed: it must perform no side effect of its own.
    pub const fn transactional(config: IdempotencyConfig<S>) -> Self {
        Self::of(config, Mode::Transactional)
    }

    /// For handlers with side effects elsewhere: the record is claimed first, and completed in the
    /// same transaction as the handler's writes, if the claim still holds.
    ///
    /// A process that dies between the side effect and the completion leaves the side effect; the
    /// handler runs again when the lease ends. The side effect needs an idempotency key of its own,
    /// the same every time.
    pub const fn leased(config: IdempotencyConfig<S>) -> Self {
        Self::of(config, Mode::Leased)
    }

    const fn of(config: IdempotencyConfig<S>, mode: Mode) -> Self {
        Self(Policy { config, mode, identify: ByKey, codec: Json, hook: None })
    }
}

impl<S, R, I, C> IdempotencyLayer<S, R, I, C> {
    /// Finds the key of a request by `identify`: a closure, or `ByJmespath`.
    pub fn identify_by<J>(self, identify: J) -> IdempotencyLayer<S, R, J, C> {
        let Policy { config, mode, codec, hook, .. } = self.0;
        IdempotencyLayer(Policy { config, mode, identify, codec, hook })
    }

    /// Encodes results by `codec`.
    pub fn codec<D>(self, codec: D) -> IdempotencyLayer<S, R, I, D> {
        let Policy { config, mode, identify, hook, .. } = self.0;
        IdempotencyLayer(Policy { config, mode, identify, codec, hook })
    }

    /// Has `hook` change a stored result, of the record of this id, on its way to a duplicate.
    #[must_use]
    pub fn on_replay(self, hook: impl Fn(R, &str) -> R + Send + Sync + 'static) -> Self {
        Self(Policy { hook: Some(Arc::new(hook)), ..self.0 })
    }
}

#[cfg(feature = "http")]
impl<S, R, I, C> IdempotencyLayer<S, R, I, C> {
    pub(crate) const fn policy(&self) -> &Policy<S, R, I, C> {
        &self.0
    }
}

impl<S: Clone, R, I: Clone, C: Clone> Clone for IdempotencyLayer<S, R, I, C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: fmt::Debug, R, I, C> fmt::Debug for IdempotencyLayer<S, R, I, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut layer = f.debug_struct("IdempotencyLayer");
        layer.field("config", &self.0.config).field("mode", &self.0.mode).finish_non_exhaustive()
    }
}

impl<H, S, R, I, C> Layer<H> for IdempotencyLayer<S, R, I, C>
where
    S: Clone,
    I: Clone,
    C: Clone,
{
    type Service = Idempotent<H, S, R, I, C>;

    fn layer(&self, handler: H) -> Self::Service {
        Idempotent { handler, policy: self.0.clone() }
    }
}
