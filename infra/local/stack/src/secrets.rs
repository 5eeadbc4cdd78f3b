//! The secrets that functions read.

use local_secrets::Secrets;

use super::{StackContext, StackOptions};

/// Those of the context, and what else is asked for.
pub(super) fn keep(context: &dyn StackContext, options: &StackOptions) -> Secrets {
    let secrets = Secrets::default();
    for (name, value) in context.secrets() {
        secrets.put(&name, value);
    }
    for (name, value) in &options.secrets {
        secrets.put(name, value);
    }
    secrets
}
