//! One effect per event, over the real SDK against an embedded DynamoDB: whatever comes twice,
//! whatever crashes, and whichever other attempts run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod codecs;
mod concurrency;
mod conformance;
mod costs;
mod expressions;
mod handlers;
mod http;
mod http_answers;
mod http_bodies;
mod keys;
mod layouts;
mod leased;
mod limits;
mod observations;
mod patience;
mod storable;
mod store_errors;
mod sweep;
mod transactional;
mod world;
