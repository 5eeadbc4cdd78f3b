//! What a stack has besides its template.

use std::collections::BTreeMap;

use axum::Router;

use super::WeakStack;

/// What the caller that starts a stack provides: external services (stand-ins for the world outside
/// AWS), what the template is to know of them, and routes of the caller's own. All is optional.
pub trait StackContext: Send + Sync + 'static {
    /// Values for those parameters that the template declares, by name;
    /// [`StackOptions::parameters`](super::StackOptions::parameters) win over them. `external_url`
    /// is the URL of the [`external_services`](Self::external_services).
    fn parameters(&self, external_url: &str) -> BTreeMap<String, String> {
        let _ = external_url;
        BTreeMap::new()
    }

    /// Secrets by name, which [`StackOptions::secrets`](super::StackOptions::secrets) may replace.
    fn secrets(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The external services, on a port of their own: what functions call that is no service of AWS.
    fn external_services(&self) -> Router {
        Router::new()
    }

    /// What is served at the AWS endpoint beside the services. Functions reach it as far as their
    /// roles allow.
    fn endpoint(&self, stack: WeakStack) -> Router {
        let _ = stack;
        Router::new()
    }

    /// Notified of every event of the bus that a target has taken, once for each target.
    fn delivered(&self, event: &str) {
        let _ = event;
    }
}

/// Nothing but the template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoContext;

impl StackContext for NoContext {}
