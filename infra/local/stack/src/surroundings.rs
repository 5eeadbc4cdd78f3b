//! What a stack has besides its template.

use std::collections::BTreeMap;

use axum::Router;

use super::WeakStack;

/// What whoever starts a stack puts around it: stand-ins for the world outside AWS, what the
/// template is to know of them, and routes of the caller's own. Whatever is not given is nothing.
pub trait Surroundings: Send + Sync + 'static {
    /// Values for those parameters that the template declares, by name;
    /// [`StackOptions::parameters`](super::StackOptions::parameters) win over them. `outside` is the
    /// URL of [`outside`](Self::outside).
    fn parameters(&self, outside: &str) -> BTreeMap<String, String> {
        let _ = outside;
        BTreeMap::new()
    }

    /// Secrets by name, which [`StackOptions::secrets`](super::StackOptions::secrets) may replace.
    fn secrets(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// What is served on a port of its own: what functions call that is no service of AWS.
    fn outside(&self) -> Router {
        Router::new()
    }

    /// What is served at the AWS endpoint beside the services. Functions reach it as far as their
    /// roles allow.
    fn endpoint(&self, stack: WeakStack) -> Router {
        let _ = stack;
        Router::new()
    }

    /// Told of every event of the bus that a target has taken, once for each target.
    fn delivered(&self, event: &str) {
        let _ = event;
    }
}

/// Nothing but the template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alone;

impl Surroundings for Alone {}
