//! Work that may fail: it is retried, and its errors are caught.

use serde_json::Value;

use super::{
    failure::Failure,
    trail::Trail,
    visit::{Left, Outcome, Visit},
};
use crate::{
    definition::{Handlers, Leave},
    state_error::StateError,
};

/// The work of a state that may be retried.
pub(super) trait Work: Sync {
    fn handlers(&self) -> &Handlers;

    fn leave(&self) -> &Leave;

    /// Does it once.
    fn attempt(
        &self,
        visit: &Visit<'_>,
        retries: u64,
        trail: &mut Trail,
    ) -> impl Future<Output = Result<Value, Failure>> + Send;

    /// It is not done again after an error.
    fn abandon(&self, visit: &Visit<'_>, trail: &mut Trail) -> Result<(), Failure>;
}

impl Visit<'_> {
    /// Does `work` until it succeeds, or its error is not for any `Retry`; and leaves the state
    /// with what came out, or with the error if that is for a `Catch`.
    pub(super) async fn handle<'s, W: Work>(
        &self,
        work: &'s W,
        trail: &mut Trail,
    ) -> Result<Left<'s>, Failure> {
        let handlers = work.handlers();
        let mut used = vec![0; handlers.retry.len()];
        loop {
            let retries = used.iter().sum();
            let error = match self.attempt(work, retries, trail).await {
                Err(Failure::Error(error)) => error,
                other => return other,
            };
            let delay = self.delay(handlers, &mut used, &error);
            let Some(delay) = delay else {
                work.abandon(self, trail)?;
                return self.caught(handlers, error, retries, trail);
            };
            tokio::time::sleep(delay).await;
            self.run.count_transition();
        }
    }

    async fn attempt<'s, W: Work>(
        &self,
        work: &'s W,
        retries: u64,
        trail: &mut Trail,
    ) -> Result<Left<'s>, Failure> {
        let result = work.attempt(self, retries, trail).await?;
        let outcome = Outcome { result: Some(&result), retries, ..Outcome::default() };
        self.leave(work.leave(), "", outcome, trail, || result.clone())
    }

    /// How long to wait before the next attempt, if there is one. Each retrier counts its own.
    fn delay(
        &self,
        handlers: &Handlers,
        used: &mut [u64],
        error: &StateError,
    ) -> Option<std::time::Duration> {
        let index = handlers.retry.iter().position(|retrier| retrier.errors.contain(error))?;
        let (retrier, used) = (handlers.retry.get(index)?, used.get_mut(index)?);
        let delay = retrier.delay(*used, self.run.shared.random().f64())?;
        *used += 1;
        Some(delay)
    }

    fn caught<'s>(
        &self,
        handlers: &'s Handlers,
        error: StateError,
        retries: u64,
        trail: &mut Trail,
    ) -> Result<Left<'s>, Failure> {
        let mut catchers = handlers.catch.iter().enumerate();
        let Some((index, catcher)) = catchers.find(|(_, it)| it.errors.contain(&error)) else {
            return Err(Failure::Error(error));
        };
        let output = error.output();
        let outcome = Outcome { error_output: Some(&output), retries, ..Outcome::default() };
        let place = format!("Catch[{index}]/");
        self.leave(&catcher.leave, &place, outcome, trail, || output.clone())
    }
}
