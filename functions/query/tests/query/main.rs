//! Questions over the real SDK and the template's own tables.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod detail;
mod faults;
mod history;
mod identity;
mod list;
mod moments;
mod products;
mod request;
mod reviews;
mod samples;
mod streams;
mod versions;
mod world;
