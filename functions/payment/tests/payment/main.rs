//! The payment service over the real SDK, a database in memory and a provider over HTTP.

mod faults;
mod mishaps;
mod samples;
mod stories;
mod world;
