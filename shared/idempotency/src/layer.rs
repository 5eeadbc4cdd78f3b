//! The tower layer around the typed handler of one request.

use std::{fmt, sync::Arc};

use tower::Layer;

use crate::{ByKey, IdempotencyConfig, Idempotent, Json};

/// Changes a stored result on its way to a duplicate. Told the id of the record, too.
pub(crate) type Hook<R> = Arc<dyn Fn(R, &str) -> R + Send + Sync>;

/// How an effect is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One write, after the handler.
    Transactional,
    /// A claim before the handler, and its completion after it.
    Leased,
}

/// Wraps a handler in [`Idempotent`].
///
/// `S` is the store, `R` what the handler results in, `I` finds the key of a request and `C`
/// writes results down.
pub struct IdempotencyLayer<S, R, I = ByKey, C = Json>(Policy<S, R, I, C>);

impl<S, R> IdempotencyLayer<S, R> {
    /// For handlers whose whole effect is in the store: nothing is written before the one
    /// transaction that holds the handler's writes, its events and the record.
    ///
    /// The handler may be called again with what was refused, or when a delivery is repeated
    /// while nothing is committed: it must have no effect of its own.
    pub const fn transactional(guard: IdempotencyConfig<S>) -> Self {
        Self::of(guard, Mode::Transactional)
    }

    /// For handlers with effects elsewhere: the record is claimed first, and completed in the same
    /// transaction as the handler's writes, if the claim still holds.
    ///
    /// A process that dies between the effect and the completion leaves the effect; the handler
    /// runs again when the lease ends. The effect needs a key of its own, the same every time.
    pub const fn leased(guard: IdempotencyConfig<S>) -> Self {
        Self::of(guard, Mode::Leased)
    }

    const fn of(guard: IdempotencyConfig<S>, mode: Mode) -> Self {
        Self(Policy { guard, mode, identify: ByKey, codec: Json, hook: None })
    }
}

impl<S, R, I, C> IdempotencyLayer<S, R, I, C> {
    /// Finds the key of a request by `identify`: a closure, or `ByJmespath`.
    pub fn identify_by<J>(self, identify: J) -> IdempotencyLayer<S, R, J, C> {
        let Policy { guard, mode, codec, hook, .. } = self.0;
        IdempotencyLayer(Policy { guard, mode, identify, codec, hook })
    }

    /// Writes results down by `codec`.
    pub fn codec<D>(self, codec: D) -> IdempotencyLayer<S, R, I, D> {
        let Policy { guard, mode, identify, hook, .. } = self.0;
        IdempotencyLayer(Policy { guard, mode, identify, codec, hook })
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
        layer.field("guard", &self.0.guard).field("mode", &self.0.mode).finish_non_exhaustive()
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

/// Everything that a service has to know besides its handler.
pub(crate) struct Policy<S, R, I, C> {
    pub(crate) guard: IdempotencyConfig<S>,
    pub(crate) mode: Mode,
    pub(crate) identify: I,
    pub(crate) codec: C,
    pub(crate) hook: Option<Hook<R>>,
}

impl<S: Clone, R, I: Clone, C: Clone> Clone for Policy<S, R, I, C> {
    fn clone(&self) -> Self {
        Self {
            guard: self.guard.clone(),
            mode: self.mode,
            identify: self.identify.clone(),
            codec: self.codec.clone(),
            hook: self.hook.clone(),
        }
    }
}
