//! The host: functions by name, their environments, and the way in.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    ASYNC_PAYLOAD_BYTES_MAX, SYNC_PAYLOAD_BYTES_MAX, asynchronous,
    function::{Function, FunctionStats},
    invocation::{Invocation, InvokeError, Request},
    options::HostOptions,
    pool,
    spec::{FunctionSpec, HostError},
    state::Inner,
};

/// Hosts functions. Clones share the same functions; when the last clone is dropped, every
/// process of theirs is killed.
#[derive(Clone)]
pub struct LambdaHost {
    inner: Arc<Inner>,
    // Apart from `Inner`, which the environments hold too: the last handle ends them.
    stop: Arc<watch::Sender<bool>>,
}

impl LambdaHost {
    /// Hosts the functions `specs`. A function's first process starts with its first invocation;
    /// each finds the Runtime API on a port of its own, as long as it lives.
    ///
    /// # Errors
    ///
    /// When a spec is not one that Lambda would accept, or a binary is missing or no program; the
    /// error names the function.
    pub fn start(specs: Vec<FunctionSpec>, options: HostOptions) -> Result<Self, HostError> {
        let aliases = aliases(&specs)?;
        for spec in &specs {
            spec.check()?;
        }
        let functions = specs
            .into_iter()
            .map(|spec| (spec.name.clone(), Arc::new(Function::new(spec))))
            .collect();
        let (stop, stopped) = watch::channel(false);
        let inner = Arc::new(Inner {
            functions,
            aliases,
            options,
            stop: stopped,
            tasks: Mutex::default(),
            events: Mutex::default(),
        });
        Ok(Self { inner, stop: Arc::new(stop) })
    }

    /// Invokes `function` (a name, an alias or an ARN) and waits for its answer.
    ///
    /// # Errors
    ///
    /// When the event did not reach the function. A function that fails is not an error here: see
    /// [`Invocation::function_error`].
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Result<Invocation, InvokeError> {
        let function = self.inner.resolve(function)?;
        let request = Request::new(payload, SYNC_PAYLOAD_BYTES_MAX)?;
        let answer = pool::submit(&self.inner, function, request)?;
        answer.await.map_err(|_| InvokeError::ShuttingDown)
    }

    /// Accepts an event for `function` (a name, an alias or an ARN), to be handled later: tried
    /// again after a function error, and then sent to its on-failure destination. Gives back the
    /// id that the function is invoked with.
    ///
    /// # Errors
    ///
    /// When the event was not accepted.
    pub fn invoke_async(&self, function: &str, payload: Bytes) -> Result<String, InvokeError> {
        let function = Arc::clone(self.inner.resolve(function)?);
        let request = Request::new(payload, ASYNC_PAYLOAD_BYTES_MAX)?;
        let waiting_max = self.inner.options.waiting_max;
        let mut events = self.inner.events.lock();
        while events.try_join_next().is_some() {}
        if *self.inner.stop.borrow() {
            return Err(InvokeError::ShuttingDown);
        }
        if events.len() >= waiting_max {
            function.count(|stats| stats.throttles += 1);
            let function = function.spec.name.clone();
            return Err(InvokeError::TooManyRequests { function, waiting_max });
        }
        function.count(|stats| stats.async_pending += 1);
        let request_id = request.id.clone();
        events.spawn(asynchronous::deliver(Arc::clone(&self.inner), function, request));
        Ok(request_id)
    }

    /// The functions, in the order of their names.
    pub fn functions(&self) -> impl Iterator<Item = &FunctionSpec> {
        self.inner.functions.values().map(|function| &function.spec)
    }

    /// The function with the name, alias or ARN `function`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn function(&self, function: &str) -> Result<&FunctionSpec, InvokeError> {
        Ok(&self.inner.resolve(function)?.spec)
    }

    /// What happened to each function since the start, by name.
    pub fn stats(&self) -> BTreeMap<String, FunctionStats> {
        self.inner.functions.iter().map(|(name, it)| (name.clone(), it.stats())).collect()
    }

    /// The processes that are alive, each with its function's name.
    pub fn processes(&self) -> Vec<(String, u32)> {
        let functions = self.inner.functions.iter();
        functions
            .flat_map(|(name, it)| it.pids().into_iter().map(|pid| (name.clone(), pid)))
            .collect()
    }

    /// Ends every process and returns when all are gone. Invocations under way are cut off, and
    /// waiting ones refused, with [`InvokeError::ShuttingDown`].
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        for function in self.inner.functions.values() {
            function.close();
        }
        let mut events = std::mem::take(&mut *self.inner.events.lock());
        events.shutdown().await;
        let mut tasks = std::mem::take(&mut *self.inner.tasks.lock());
        while tasks.join_next().await.is_some() {}
    }
}

impl std::fmt::Debug for LambdaHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LambdaHost")
            .field("functions", &self.inner.functions.keys())
            .finish_non_exhaustive()
    }
}

/// Every name that leads to a function, its own among them.
fn aliases(specs: &[FunctionSpec]) -> Result<BTreeMap<String, String>, HostError> {
    let mut aliases = BTreeMap::new();
    for spec in specs {
        let others = spec.aliases.iter().filter(|alias| **alias != spec.name);
        for name in std::iter::once(&spec.name).chain(others) {
            if aliases.insert(name.clone(), spec.name.clone()).is_some() {
                return Err(HostError::DuplicateName {
                    function: spec.name.clone(),
                    name: name.clone(),
                });
            }
        }
    }
    Ok(aliases)
}
