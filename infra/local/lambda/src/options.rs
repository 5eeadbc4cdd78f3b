//! What all functions of a host share.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use local_sqs::Sqs;

use crate::output::OutputSink;

/// What all functions of a host share.
#[derive(Clone)]
pub struct HostOptions {
    /// Environment variables of every function, before its own: the endpoint, the credentials
    /// that Lambda would take from the function's role.
    pub environment: BTreeMap<String, String>,
    /// The access key of each function's role, by the function's name, in place of that of
    /// `environment`.
    pub access_keys: BTreeMap<String, String>,
    /// Receives each line that a function writes to its standard output or error.
    pub output: OutputSink,
    /// How long an environment may take to ask for its first invocation. Lambda: 10 s.
    pub init_timeout: Duration,
    /// The delay before the first retry of an asynchronous invocation; the second waits twice as
    /// long. Lambda: 1 min.
    pub retry_delay: Duration,
    /// The most invocations of one function that may wait, and the most asynchronous events that
    /// may be pending; further ones are throttled.
    pub waiting_max: usize,
    /// The queues that on-failure destinations name.
    pub queues: Option<Sqs>,
}

impl Default for HostOptions {
    /// AWS's delays, credentials that no one checks, and output that goes nowhere.
    fn default() -> Self {
        let credentials = [
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_SESSION_TOKEN", "local"),
        ];
        Self {
            environment: credentials
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            access_keys: BTreeMap::new(),
            output: Arc::new(|_| ()),
            init_timeout: Duration::from_secs(10),
            retry_delay: Duration::from_secs(60),
            waiting_max: 10_000,
            queues: None,
        }
    }
}

impl std::fmt::Debug for HostOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostOptions")
            .field("environment", &self.environment.keys())
            .field("init_timeout", &self.init_timeout)
            .field("retry_delay", &self.retry_delay)
            .field("waiting_max", &self.waiting_max)
            .finish_non_exhaustive()
    }
}
