//! Environments, as many as the waiting invocations of a function need.

use std::sync::Arc;

use tokio::{process::Child, sync::oneshot};

use crate::{
    environment::Environment,
    fault::Fault,
    function::{Function, InitCause, InitFault},
    invocation::{Invocation, InvokeError, Job, Request},
    output::Output,
    process,
    runtime_api::RuntimeApi,
    state::Inner,
};

/// Puts `request` in the function's queue; the answer arrives at the receiver, which fails
/// only when the host shuts down.
pub(crate) fn submit(
    host: &Arc<Inner>,
    function: &Arc<Function>,
    request: Request,
) -> Result<oneshot::Receiver<Invocation>, InvokeError> {
    if function.code.detect_update(&function.spec.binary) {
        function.count(|stats| stats.code_updates += 1);
    }
    let (reply, answer) = oneshot::channel();
    function.enqueue(Job { request, reply, inits_failed: 0 }, host.options.waiting_max)?;
    scale(host, function);
    Ok(answer)
}

/// Starts environments as long as invocations wait that none is free to take.
fn scale(host: &Arc<Inner>, function: &Arc<Function>) {
    let mut tasks = host.tasks.lock();
    while tasks.try_join_next().is_some() {}
    while !*host.stop.borrow()
        && let Some(number) = function.reserve()
    {
        tasks.spawn(run(Arc::clone(host), Arc::clone(function), number));
    }
}

/// Runs environment `number` of `function` until its process ends or the host stops.
async fn run(host: Arc<Inner>, function: Arc<Function>, number: u32) {
    // Before the start: a process of newer code than it is taken for is only replaced once more.
    let generation = function.code.generation();
    let init_fault = match start(&host, &function, number).await {
        Ok((mut child, RuntimeApi { calls, server: _server, .. })) => {
            function.started(number, child.id());
            let sink = Arc::clone(&host.options.output);
            let output = Output::follow(&mut child, &function.spec.name, sink);
            let environment = Environment {
                init_timeout: host.options.init_timeout,
                stop: host.stop.clone(),
                function: Arc::clone(&function),
                number,
                generation,
                child,
                output,
                calls,
            };
            environment.live().await
        }
        Err(reason) => {
            let cause = InitCause::Fault(Fault::not_started(&reason));
            Some(InitFault { cause, log_tail: String::new() })
        }
    };
    function.ended(number, init_fault);
    scale(&host, &function);
}

/// A process, and where it finds its invocations; or why there is none.
async fn start(
    host: &Inner,
    function: &Function,
    number: u32,
) -> Result<(Child, RuntimeApi), String> {
    let spec = &function.spec;
    let api = RuntimeApi::open().await.map_err(|error| format!("no runtime api: {error}"))?;
    match process::spawn(spec, &host.options, api.address, number) {
        Ok(child) => Ok((child, api)),
        Err(error) => Err(format!("{}: {error}", spec.binary.display())),
    }
}
