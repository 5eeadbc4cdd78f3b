//! The shop on one machine: a stack of `infra/template.yaml`, and what is around it.

mod context;
mod external_services;
mod inspect;
mod secrets;
mod webhooks;

use std::{collections::BTreeMap, ops::Deref, path::Path, sync::Arc};

use local_ses::Mail;
use local_stack::{Stack, StackError, StackOptions, telemetry::SpanTree};
use local_template::Template;
use provider_stubs::{Carrier, Payments};

pub use external_services::ExternalServices;
pub(crate) use inspect::{INVARIANTS as INVARIANTS_PATH, ORDERS as ORDERS_PATH};
pub use secrets::{CARRIER_SECRET, PAYMENT_GATEWAY_SECRET, PAYMENT_WEBHOOK_SECRET};

/// The stack's name, which the names of its resources begin with.
pub const STACK_NAME: &str = "orderly";
/// The attribute that says which order a span is about.
const ORDER: &str = "aggregate_id";

/// A running shop: a handle to its stack, as which it can be used, and to the external services.
/// Clones are the same one.
#[derive(Debug, Clone)]
pub struct Shop {
    stack: Stack,
    external: ExternalServices,
}

/// The template at `path`, as far as it can be read before there are ports.
///
/// # Errors
///
/// When the template cannot be run.
pub fn load_template(path: &Path) -> Result<Template, StackError> {
    load_template_with(path, &BTreeMap::new())
}

/// As [`load_template`], with values of the template's parameters.
///
/// # Errors
///
/// When the template cannot be run with them.
pub fn load_template_with(
    path: &Path,
    parameters: &BTreeMap<String, String>,
) -> Result<Template, StackError> {
    local_stack::load_template(path, STACK_NAME, parameters, &ExternalServices::default())
}

/// A resource's name without that of the stack, which all of them share.
pub(crate) fn short_name(name: &str) -> &str {
    local_stack::short_name(name, STACK_NAME)
}

impl Shop {
    /// Starts everything in the template, as the stack [`STACK_NAME`]. Mails are kept in memory.
    ///
    /// # Errors
    ///
    /// As [`Stack::start`].
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        Self::start_within(options, ExternalServices::default()).await
    }

    /// As [`start`](Self::start), with this world around it.
    ///
    /// # Errors
    ///
    /// As [`Stack::start`].
    pub async fn start_within(
        options: StackOptions,
        external: ExternalServices,
    ) -> Result<Self, StackError> {
        let options = StackOptions { name: STACK_NAME.to_owned(), ..options };
        let secret = webhooks::secret(&options.secrets);
        let stack = Stack::start_within(options, Arc::new(external.clone())).await?;
        if let Some(sender) = webhooks::sender(&stack, external.payments(), secret) {
            stack.spawn(sender);
        }
        Ok(Self { stack, external })
    }

    /// Whether the template is one of the shop: it takes orders.
    pub fn takes_orders(&self) -> bool {
        let mut routes = self.template().routes.iter();
        routes.any(|route| route.method == "POST" && route.path == "/orders")
    }

    /// The payment gateway.
    pub fn payments(&self) -> &Payments {
        self.external.payments()
    }

    /// The carrier.
    pub fn carrier(&self) -> &Carrier {
        self.external.carrier()
    }

    /// The mail service.
    pub fn mail(&self) -> &Mail {
        self.external.mail()
    }

    /// The URL of the stand-ins, beneath which are `/payments` and `/carrier`.
    pub fn providers_url(&self) -> &str {
        self.external_url()
    }

    /// How many orders have been completed or cancelled.
    pub fn orders_ended(&self) -> usize {
        self.external.orders_ended()
    }

    /// The spans of every trace that is about an order.
    pub fn trace(&self, order_id: &str) -> SpanTree {
        self.logs().telemetry().traces(ORDER, order_id)
    }
}

/// A shop is its stack, and more.
impl Deref for Shop {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}
