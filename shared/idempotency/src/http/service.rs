//! The handling of one HTTP request.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use ::http::{Request, Response};
use runtime::Failure;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{
    HttpLayer, Keeping, Kept,
    answer::{to_failure, to_invalid_key},
    idempotency_key, identity,
};
use crate::{Attempt, Completion, Identity, Store, UnitOfWork, policy::Mode};

/// Lets each request take effect once, and responds to all of them. Made by [`HttpLayer`].
pub struct HttpIdempotent<H, S, B> {
    handler: H,
    layer: HttpLayer<S, B>,
}

impl<H, S, B> HttpIdempotent<H, S, B> {
    pub(super) const fn new(handler: H, layer: HttpLayer<S, B>) -> Self {
        Self { handler, layer }
    }
}

impl<H: Clone, S: Clone, B> Clone for HttpIdempotent<H, S, B> {
    fn clone(&self) -> Self {
        Self { handler: self.handler.clone(), layer: self.layer.clone() }
    }
}

impl<H, S: fmt::Debug, B> fmt::Debug for HttpIdempotent<H, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpIdempotent").field("layer", &self.layer).finish_non_exhaustive()
    }
}

/// The handler's own response is not final: it is sent, and not stored.
#[derive(Debug, thiserror::Error)]
#[error("the handler answered with status {}", .0.status())]
struct NotFinal(Response<String>);

impl<H, S, B> Service<Request<B>> for HttpIdempotent<H, S, B>
where
    H: Service<
            Attempt<Request<B>, S::ConditionFailed>,
            Response = UnitOfWork<Response<String>, S::Write>,
            Error = Failure,
        > + Clone
        + Send
        + 'static,
    H::Future: Send,
    S: Store,
    B: AsRef<[u8]> + Clone + Send + Sync + 'static,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>> + Send>>;

    /// Always ready: each request waits for the handler itself.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let clone = self.handler.clone();
        let handler = mem::replace(&mut self.handler, clone);
        let layer = self.layer.clone();
        Box::pin(async move { Ok(answer(handler, layer, request).await) })
    }
}

async fn answer<H, S, B>(
    handler: H,
    layer: HttpLayer<S, B>,
    request: Request<B>,
) -> Response<String>
where
    H: Service<
            Attempt<Request<B>, S::ConditionFailed>,
            Response = UnitOfWork<Response<String>, S::Write>,
            Error = Failure,
        > + Clone
        + Send
        + 'static,
    H::Future: Send,
    S: Store,
    B: AsRef<[u8]> + Clone + Send + Sync + 'static,
{
    let known = match idempotency_key(request.headers()) {
        Ok(key) => identity(&request, &(layer.scope)(&request), key),
        Err(error) => return to_invalid_key(error),
    };
    let keeping = layer.keeping.clone();
    let storing = service_fn(move |attempt| {
        let handler = handler.clone();
        let keeping = keeping.clone();
        async move { handler.oneshot(attempt).await.and_then(|unit| kept(unit, &keeping)) }
    });
    let same = known.clone();
    let identify = move |_: &Request<B>| Ok(Some(same.clone()));
    let service = layer.records.clone().identify_by(identify).layer(storing);
    match service.oneshot(request).await {
        Ok(Completion::New(kept)) => kept.into_response(),
        Ok(Completion::Replayed(kept)) => kept.into_replayed(&layer.keeping),
        // HTTP requests are not replayed from archives: none of them names a replay.
        Ok(Completion::ReplayRefused) => to_failure(&Failure::permanent("a replay")),
        Err(failure) => match not_final(&failure) {
            Some(NotFinal(response)) => {
                stored_response(&layer, known).await.unwrap_or_else(|| response.clone())
            }
            None => {
                let response = to_failure(&failure);
                if response.status().is_server_error() {
                    tracing::error!(%failure, "a request was not handled");
                }
                response
            }
        },
    }
}

/// The stored response of a request whose new response is not final: in transactional mode the
/// handler is called first, and may find the writes of its own first call.
async fn stored_response<S: Store, B>(
    layer: &HttpLayer<S, B>,
    known: Identity,
) -> Option<Response<String>> {
    let policy = layer.records.policy();
    if policy.mode != Mode::Transactional {
        return None;
    }
    let stored = match policy.config.request_key(Some(known)) {
        Ok(request_key) => policy.config.completed_record(&request_key).await,
        Err(error) => Err(error),
    };
    match stored {
        Ok(record) => {
            let kept: Kept = serde_json::from_str(&record?.result?).ok()?;
            Some(kept.into_replayed(&layer.keeping))
        }
        Err(error) => Some(to_failure(&error.into())),
    }
}

/// A unit with the stored part of its response; a failure when the response is not final.
fn kept<W>(
    unit: UnitOfWork<Response<String>, W>,
    keeping: &Keeping,
) -> Result<UnitOfWork<Kept, W>, Failure> {
    let UnitOfWork { result, writes, outgoing } = unit;
    if !keeping.keeps(&result) {
        return Err(Failure::retry(NotFinal(result)));
    }
    Ok(UnitOfWork { result: Kept::of(result, keeping), writes, outgoing })
}

fn not_final(failure: &Failure) -> Option<&NotFinal> {
    let (Failure::Retry { reason, .. } | Failure::Permanent { reason }) = failure;
    let reason: &(dyn Error + 'static) = reason.as_ref();
    reason.downcast_ref()
}
