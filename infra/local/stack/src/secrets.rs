//! The secrets that functions read.

use local_secrets::Secrets;

use super::{StackOptions, Surroundings};

/// Those of the surroundings, and what else is asked for.
pub(super) fn keep(surroundings: &dyn Surroundings, options: &StackOptions) -> Secrets {
    let secrets = Secrets::default();
    for (name, value) in surroundings.secrets() {
        secrets.put(&name, value);
    }
    for (name, value) in &options.secrets {
        secrets.put(name, value);
    }
    secrets
}
