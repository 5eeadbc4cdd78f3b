//! What all clones of a host and all its environments share.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet};

use crate::{VERSION, function::Function, invocation::InvokeError, options::HostOptions};

/// The host, below those who work with it.
pub(crate) struct Inner {
    pub(crate) functions: BTreeMap<String, Arc<Function>>,
    pub(crate) aliases: BTreeMap<String, String>,
    pub(crate) options: HostOptions,
    pub(crate) stop: watch::Receiver<bool>,
    /// The environments: they end by themselves on `stop`.
    pub(crate) tasks: Mutex<JoinSet<()>>,
    /// Asynchronous events under way: they can be cut off at any await.
    pub(crate) events: Mutex<JoinSet<()>>,
}

impl Inner {
    /// The function called `name`: a name, alias, ARN or partial ARN, perhaps with the version.
    pub(crate) fn resolve(&self, name: &str) -> Result<&Arc<Function>, InvokeError> {
        let local = name.split_once("function:").map_or(name, |(_, rest)| rest);
        let (bare, version) = local.split_once(':').unwrap_or((local, VERSION));
        let known = self.aliases.get(bare).and_then(|name| self.functions.get(name));
        known
            .filter(|_| version == VERSION)
            .ok_or_else(|| InvokeError::UnknownFunction { name: name.to_owned() })
    }
}
