//! How a service protects its handler.

use std::sync::Arc;

use crate::IdempotencyConfig;

/// Changes a stored result on its way to a duplicate. It gets the id of the record, too.
pub(crate) type Hook<R> = Arc<dyn Fn(R, &str) -> R + Send + Sync>;

/// How a side effect is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One write, after the handler.
    Transactional,
    /// A claim before the handler, and its completion after it.
    Leased,
}

/// The configuration of a service besides its handler.
pub(crate) struct Policy<S, R, I, C> {
    pub(crate) config: IdempotencyConfig<S>,
    pub(crate) mode: Mode,
    pub(crate) identify: I,
    pub(crate) codec: C,
    pub(crate) hook: Option<Hook<R>>,
}

impl<S: Clone, R, I: Clone, C: Clone> Clone for Policy<S, R, I, C> {
    fn clone(&self) -> Self {
        Self {
            config: self.config.clone(),
            mode: self.mode,
            identify: self.identify.clone(),
            codec: self.codec.clone(),
            hook: self.hook.clone(),
        }
    }
}
