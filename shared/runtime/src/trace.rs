//! One trace over queues, streams and buses.

mod traceparent;
mod xray;

use crate::IdGenerator;
use tracing::Span;

pub use traceparent::Traceparent;

/// Whether this process records spans, and where their ids come from. Clones draw from the same.
#[derive(Debug, Clone, Default)]
pub struct Tracer(Option<IdGenerator>);

/// The ids of one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildContext {
    own: Traceparent,
    parent_span_id: Option<String>,
}

impl Tracer {
    /// No spans are recorded, and no ids are made.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Spans get their ids from `tokens`, which must return 32 hexadecimal digits.
    #[must_use]
    pub const fn drawn_from(tokens: IdGenerator) -> Self {
        Self(Some(tokens))
    }

    /// The ids of a span that handles a message with `parent`: in its trace, or in a new one if
    /// that is invalid. None where no span is recorded: `parent` is then to be passed on unchanged.
    #[must_use]
    pub fn child_context(&self, parent: Option<&str>) -> Option<ChildContext> {
        let tokens = self.0.as_ref()?;
        let parent = parent.and_then(Traceparent::parse);
        if parent.as_ref().is_some_and(|parent| !parent.is_sampled()) {
            return None;
        }
        let trace_id = match &parent {
            Some(parent) => parent.trace_id().to_owned(),
            None => tokens.next_id(),
        };
        let own = Traceparent::sampled(&trace_id, &self.span_id()?)?;
        Some(ChildContext { own, parent_span_id: parent.map(|parent| parent.span_id().to_owned()) })
    }

    /// The id of a span within a trace: 16 hexadecimal digits. None where no span is recorded.
    #[must_use]
    pub fn span_id(&self) -> Option<String> {
        self.0.as_ref()?.next_id().get(..16).map(str::to_owned)
    }
}

impl ChildContext {
    /// The `traceparent` of messages that are published within the span.
    #[must_use]
    pub fn traceparent(&self) -> String {
        self.own.to_string()
    }

    /// Fills in the fields `trace_id`, `span_id` and `parent_span_id` of `span`, as far as it has
    /// them.
    pub fn record(&self, span: &Span) {
        span.record("trace_id", self.own.trace_id());
        span.record("span_id", self.own.span_id());
        span.record("parent_span_id", self.parent_span_id.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAME: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn tracer(token: &'static str) -> Tracer {
        Tracer::drawn_from(IdGenerator::from_fn(move || token.to_owned()))
    }

    #[test]
    fn a_child_context_keeps_the_trace_and_is_the_parent_of_the_next() {
        let child = tracer("0123456789abcdef0123456789abcdef").child_context(Some(CAME)).unwrap();
        let goes = "00-0af7651916cd43dd8448eb211c80319c-0123456789abcdef-01";
        assert_eq!(child.traceparent(), goes);
        assert_eq!(child.parent_span_id.as_deref(), Some("b7ad6b7169203331"));
    }

    #[test]
    fn what_came_without_a_trace_begins_one() {
        let tracer = tracer("0123456789abcdef0123456789abcdef");
        for none in [None, Some("00-nonsense"), Some("")] {
            let child = tracer.child_context(none).unwrap();
            let goes = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
            assert_eq!((child.traceparent().as_str(), child.parent_span_id), (goes, None));
        }
    }

    #[test]
    fn nothing_is_recorded_of_what_is_not_sampled_or_cannot_be_named() {
        let unsampled = CAME.replace("-01", "-00");
        assert_eq!(
            tracer("0123456789abcdef0123456789abcdef").child_context(Some(&unsampled)),
            None
        );
        for token in ["", "token-1", "00000000000000000000000000000000", "éééééééé"] {
            assert_eq!(tracer(token).child_context(None), None, "{token}");
        }
        assert_eq!(Tracer::default().child_context(Some(CAME)), None);
    }
}
