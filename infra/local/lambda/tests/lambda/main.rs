//! The host and its event source mappings with real processes, queues and tables.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod asynchronous;
mod code;
mod host;
mod invoke_api;
mod queue_mapping;
mod runtime_api;
mod stream_mapping;
mod support;
