//! The real EventBridge client against a bus in process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod publisher;
mod relay;
mod support;
