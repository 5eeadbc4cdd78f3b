//! Telemetry of every request: a span, a line in the log, metrics.

use std::time::Instant;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http::{HeaderName, HeaderValue};
use runtime::{Traceparent, Tracer};
use tracing::{Instrument, Level, Span, error_span, event, field::Empty, info};

use crate::{Request, request::TRACEPARENT};

/// Answers requests by `answer`, each within a span that names its route.
///
/// The span continues the trace that the client or the gateway has begun, and the request that
/// `answer` sees names the span ([`Request::traceparent`]). A client decides whether its trace is
/// recorded; an HTTP API does not, and so all of its are. What is recorded of a request is its
/// route, never its path, headers or body: those may be personal. `answer` may fill in the fields
/// `aggregate_id` and `correlation_id` of the span.
pub fn observed(
    tracer: Tracer,
    answer: impl AsyncFn(ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse,
) -> impl AsyncFn(ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    async move |request| observe(request, &tracer, &answer).await
}

async fn observe(
    mut request: ApiGatewayV2httpRequest,
    tracer: &Tracer,
    answer: impl AsyncFnOnce(ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse,
) -> ApiGatewayV2httpResponse {
    let route = Request::new(&request).route_key().to_owned();
    let begun = Instant::now();
    let span = error_span!(
        "request",
        otel.kind = "server",
        route,
        gateway_request_id = request.request_context.request_id,
        status = Empty,
        aggregate_id = Empty,
        correlation_id = Empty,
        trace_id = Empty,
        span_id = Empty,
        parent_span_id = Empty,
    );
    go_on(&mut request, tracer, &span);
    let answering = async {
        // The futures of the SDK are deep: one more layer around them is too much to compile.
        let response = Box::pin(answer(request)).await;
        let status = response.status_code;
        Span::current().record("status", status);
        info!(status, "answered");
        event!(
            target: "metrics",
            Level::TRACE,
            monotonic_counter.Requests = 1_u64,
            monotonic_counter.ClientErrors = (400..500).contains(&status).then_some(1_u64),
            monotonic_counter.ServerErrors = (status >= 500).then_some(1_u64),
            histogram.RequestMs = begun.elapsed().as_secs_f64() * 1_000.0,
            Route = route,
        );
        response
    };
    answering.instrument(span.clone()).await
}

/// Makes `span` a child in the request's trace, and puts its ids into the request's `traceparent`.
fn go_on(request: &mut ApiGatewayV2httpRequest, tracer: &Tracer, span: &Span) {
    let seen = Request::new(request);
    let client = seen.header(TRACEPARENT).and_then(Traceparent::parse);
    let gateway = || Traceparent::parse(&seen.traceparent()?).map(Traceparent::into_sampled);
    let parent = client.or_else(gateway).map(|parent| parent.to_string());
    if let Some(child) = tracer.child_context(parent.as_deref())
        && let Ok(value) = HeaderValue::try_from(child.traceparent())
    {
        child.record(span);
        request.headers.insert(HeaderName::from_static(TRACEPARENT), value);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use runtime::IdGenerator;

    use super::*;
    use crate::request::XRAY;

    const TRACE: &str = "5759e988bd862e3fe1be46a994272793";

    /// The traceparent that the answerer sees of a request with this header.
    fn seen(header: Option<(&'static str, &str)>, tracer: &Tracer) -> Option<String> {
        let mut request = ApiGatewayV2httpRequest::default();
        if let Some((name, value)) = header {
            request.headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let mut seen = None;
        let answer = async |request: ApiGatewayV2httpRequest| {
            seen = Request::new(&request).traceparent();
            ApiGatewayV2httpResponse::default()
        };
        observe(request, tracer, answer).now_or_never().unwrap();
        seen
    }

    #[test]
    fn a_request_goes_on_with_the_trace_of_client_or_gateway() {
        let tokens = IdGenerator::from_fn(|| "0123456789abcdef0123456789abcdef".to_owned());
        let tracer = Tracer::drawn_from(tokens);
        let within = Some(format!("00-{TRACE}-0123456789abcdef-01"));
        let sampled = format!("00-{TRACE}-53995c3f42cd8ad8-01");
        assert_eq!(seen(Some((TRACEPARENT, &sampled)), &tracer), within);
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        assert_eq!(
            seen(Some((XRAY, root)), &tracer),
            within,
            "the gateway does not decide about sampling"
        );
        let unsampled = sampled.replace("-01", "-00");
        let kept = seen(Some((TRACEPARENT, &unsampled)), &tracer);
        assert_eq!(kept, Some(unsampled), "the client has decided");
        let begun = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
        assert_eq!(seen(None, &tracer).as_deref(), Some(begun));
    }

    #[test]
    fn without_spans_a_request_stays_as_it_came() {
        assert_eq!(seen(None, &Tracer::off()), None);
        let came = format!("00-{TRACE}-53995c3f42cd8ad8-01");
        assert_eq!(seen(Some((TRACEPARENT, &came)), &Tracer::off()), Some(came));
    }
}
