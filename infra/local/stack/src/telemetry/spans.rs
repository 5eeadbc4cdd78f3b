//! Spans, from OpenTelemetry's JSON to a tree.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::console::{aside, bad};

/// The most spans that are kept; the oldest go first.
const SPANS_MAX: usize = 50_000;
/// The attributes that say how a span ended; the first that it has is shown.
const ENDINGS: [&str; 2] = ["outcome", "status"];

/// The spans of a stack, in the order in which they ended.
#[derive(Debug, Default)]
pub(super) struct Spans(VecDeque<Span>);

/// A span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Its trace.
    pub trace_id: String,
    /// Itself.
    pub span_id: String,
    /// What it is part of, or follows from.
    pub parent_span_id: Option<String>,
    /// The function.
    pub service: String,
    /// What it is.
    pub name: String,
    /// When it began, in nanoseconds since 1970.
    pub begun_at: u64,
    /// When it ended, in nanoseconds since 1970.
    pub ended_at: u64,
    /// Whether something went wrong in it.
    pub is_failed: bool,
    /// What it says of itself.
    pub attributes: BTreeMap<String, String>,
}

/// Spans, each beneath the one it follows from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpanTree(pub Vec<Span>);

impl Spans {
    pub(super) fn add(&mut self, document: &Value) {
        for resource in document["resourceSpans"].as_array().into_iter().flatten() {
            let about = attributes(&resource["resource"]);
            let service = about.get("service.name").cloned().unwrap_or_default();
            let scopes = resource["scopeSpans"].as_array().into_iter().flatten();
            for span in scopes.filter_map(|scope| scope["spans"].as_array()).flatten() {
                self.0.extend(read(span, service.clone()));
            }
        }
        while self.0.len() > SPANS_MAX {
            self.0.pop_front();
        }
    }

    /// A span need not have the attribute, but its trace has it somewhere.
    pub(super) fn with(&self, attribute: &str, value: &str) -> SpanTree {
        let is_about = |span: &&Span| span.attributes.get(attribute).is_some_and(|it| it == value);
        let traces: BTreeSet<&str> =
            self.0.iter().filter(is_about).map(|span| span.trace_id.as_str()).collect();
        let spans = self.0.iter().filter(|span| traces.contains(span.trace_id.as_str()));
        let mut spans: Vec<_> = spans.cloned().collect();
        spans.sort_by_key(|span| span.begun_at);
        SpanTree(spans)
    }
}

fn read(span: &Value, service: String) -> Option<Span> {
    let text = |name: &str| span[name].as_str().map(str::to_owned);
    let nanos = |name: &str| span[name].as_str()?.parse().ok();
    Some(Span {
        trace_id: text("traceId")?,
        span_id: text("spanId")?,
        parent_span_id: text("parentSpanId"),
        service,
        name: text("name")?,
        begun_at: nanos("startTimeUnixNano")?,
        ended_at: nanos("endTimeUnixNano")?,
        is_failed: span["status"]["code"] == 2,
        attributes: attributes(span),
    })
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let list = of["attributes"].as_array().into_iter().flatten();
    list.filter_map(|attribute| {
        let value = attribute["value"].as_object()?.values().next()?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((attribute["key"].as_str()?.to_owned(), value))
    })
    .collect()
}

impl SpanTree {
    /// Those that follow from `parent`; for none, those whose parent was not recorded here.
    fn children(&self, parent: Option<&Span>) -> Vec<&Span> {
        let is_known = |id: &str| self.0.iter().any(|span| span.span_id == id);
        let spans = self.0.iter().filter(|span| match (parent, &span.parent_span_id) {
            (Some(parent), Some(id)) => parent.span_id == *id,
            (Some(_), None) => false,
            (None, Some(id)) => !is_known(id),
            (None, None) => true,
        });
        spans.collect()
    }

    fn branch(
        &self,
        f: &mut fmt::Formatter<'_>,
        span: &Span,
        depth: usize,
        zero: u64,
    ) -> fmt::Result {
        let milliseconds = |nanos: u64| nanos as f64 / 1e6;
        let since = milliseconds(span.begun_at.saturating_sub(zero));
        let took = milliseconds(span.ended_at.saturating_sub(span.begun_at));
        let what = format!("{}{} {}", "  ".repeat(depth), span.service, span.name);
        let ending = ENDINGS.iter().find_map(|name| span.attributes.get(*name));
        let ending = ending.map(String::as_str).unwrap_or_default();
        write!(f, "{since:>10.1} ms {took:>9.1} ms  {what:<60} ")?;
        if span.is_failed {
            writeln!(f, "{}", bad(if ending.is_empty() { "error" } else { ending }))?;
        } else {
            writeln!(f, "{}", aside(ending))?;
        }
        // A span is its own parent only in a forged line.
        for child in self.children(Some(span)).into_iter().filter(|it| it.begun_at >= zero) {
            if child.span_id != span.span_id && depth < usize::from(u8::MAX) {
                self.branch(f, child, depth + 1, zero)?;
            }
        }
        Ok(())
    }
}

/// When each began since the first, how long it took, and what it was, beneath what it follows
/// from.
impl fmt::Display for SpanTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zero = self.0.first().map_or(0, |span| span.begun_at);
        for root in self.children(None) {
            self.branch(f, root, 0, zero)?;
        }
        Ok(())
    }
}
