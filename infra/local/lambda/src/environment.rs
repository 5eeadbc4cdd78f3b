//! One execution environment: a process, from its start to its end.
//!
//! A single task owns the process and receives, in one place, all that can happen to it: its calls
//! to the Runtime API, its exit, the deadline, the end of the host. What an invocation ends in is
//! therefore decided once.

use std::{convert::Infallible, process::ExitStatus, sync::Arc, time::Duration};

use bytes::Bytes;
use local_core::Clock;
use tokio::{
    process::Child,
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    VERSION,
    code::Generation,
    fault::Fault,
    function::{Function, InitCause, InitFault},
    invocation::{Invocation, Job},
    output::Output,
    runtime_api::{Call, Delivery, Outcome, Poll},
};

/// An environment that has been started.
pub(crate) struct Environment {
    pub(crate) function: Arc<Function>,
    pub(crate) number: u32,
    /// The code that it was started from.
    pub(crate) generation: Generation,
    pub(crate) init_timeout: Duration,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) child: Child,
    pub(crate) output: Output,
    pub(crate) calls: mpsc::Receiver<Call>,
}

/// Something an environment has to react to.
enum Happening {
    Call(Call),
    Exited(Option<ExitStatus>),
    Deadline,
    Stopped,
}

/// Why an environment ended.
enum Ending {
    Init(InitCause),
    Crashed,
    TimedOut,
    Replaced,
    Stopped,
}

impl Environment {
    /// The process's whole life; returns why it never got ready, if that is so.
    pub(crate) async fn live(mut self) -> Option<InitFault> {
        let Err(ending) = self.serve().await;
        // Without extensions Lambda, too, ends a process by SIGKILL and no warning.
        // An error means that it has already ended.
        let _ = self.child.kill().await;
        match ending {
            Ending::Init(cause) => {
                self.output.settle().await;
                Some(InitFault { cause, log_tail: self.output.tail() })
            }
            Ending::Crashed => {
                self.function.count(|stats| stats.crashes += 1);
                None
            }
            Ending::TimedOut | Ending::Replaced | Ending::Stopped => None,
        }
    }

    async fn serve(&mut self) -> Result<Infallible, Ending> {
        let mut poll = self.initialise().await?;
        loop {
            let job = self.idle(&mut poll).await?;
            poll = self.invoke(poll, job).await?;
        }
    }

    async fn initialise(&mut self) -> Result<Poll, Ending> {
        let deadline = Instant::now() + self.init_timeout;
        loop {
            let fault = match self.happening(Some(deadline)).await {
                Happening::Call(Call::Next(poll)) => return Ok(poll),
                Happening::Call(Call::InitError(payload)) => {
                    return Err(Ending::Init(InitCause::Reported(payload)));
                }
                Happening::Call(Call::Outcome { .. }) => continue,
                Happening::Exited(status) => Fault::exited(status),
                Happening::Deadline => Fault::timed_out(self.init_timeout),
                Happening::Stopped => return Err(Ending::Stopped),
            };
            return Err(Ending::Init(InitCause::Fault(fault)));
        }
    }

    /// Waits for an invocation, unless there is newer code, which is for others to run. A runtime
    /// that lost its connection may ask again meanwhile.
    async fn idle(&mut self, poll: &mut Poll) -> Result<Job, Ending> {
        let function = Arc::clone(&self.function);
        let (number, generation) = (self.number, self.generation);
        loop {
            let happening = tokio::select! {
                biased;
                happening = self.happening(None) => happening,
                () = function.code.after(generation) => return Err(Ending::Replaced),
                job = function.take(number) => return Ok(job),
            };
            match happening {
                Happening::Call(Call::Next(newer)) => *poll = newer,
                Happening::Call(Call::Outcome { .. } | Call::InitError(_)) => (),
                Happening::Exited(_) => return Err(Ending::Crashed),
                Happening::Deadline | Happening::Stopped => return Err(Ending::Stopped),
            }
        }
    }

    /// Hands `job` to the process and answers its caller; returns when the process asks for more.
    async fn invoke(&mut self, poll: Poll, job: Job) -> Result<Poll, Ending> {
        let started = Instant::now();
        let deadline = started + self.function.spec.timeout;
        // The process may have been killed a moment ago. Then it never sees the invocation, which
        // goes to another one.
        if !matches!(self.child.try_wait(), Ok(None)) {
            self.function.put_back(self.number, job);
            return Err(Ending::Crashed);
        }
        if poll.send(self.delivery(&job)).is_err() {
            self.function.put_back(self.number, job);
            return self.ready(deadline).await;
        }
        let request_id = &job.request.id;
        self.output.begin(&format!("START RequestId: {request_id} Version: {VERSION}"));
        let (outcome, ending) = self.outcome(request_id, deadline).await?;
        self.answer(job, outcome, started).await;
        match ending {
            Some(ending) => Err(ending),
            None => self.ready(deadline).await,
        }
    }

    fn delivery(&self, job: &Job) -> Delivery {
        let deadline = Clock::system().since_epoch() + self.function.spec.timeout;
        Delivery {
            request_id: job.request.id.clone(),
            payload: job.request.payload.clone(),
            trace_id: job.request.trace_id.clone(),
            function_arn: self.function.spec.arn(),
            deadline_ms: deadline.as_millis(),
        }
    }

    /// How the invocation ended, and the environment with it, if so.
    async fn outcome(
        &mut self,
        request_id: &str,
        deadline: Instant,
    ) -> Result<(Outcome, Option<Ending>), Ending> {
        loop {
            match self.happening(Some(deadline)).await {
                Happening::Call(Call::Outcome { request_id: answered, outcome, accepted })
                    if answered == request_id =>
                {
                    // A process that went away does not need to know.
                    let _ = accepted.send(());
                    return Ok((outcome, None));
                }
                Happening::Call(Call::Outcome { .. } | Call::Next(_) | Call::InitError(_)) => (),
                Happening::Exited(status) => {
                    return Ok((Outcome::Fault(Fault::exited(status)), Some(Ending::Crashed)));
                }
                Happening::Deadline => {
                    // The caller gets its answer only when the process can do no more harm.
                    let _ = self.child.kill().await;
                    self.function.count(|stats| stats.timeouts += 1);
                    let fault = Fault::timed_out(self.function.spec.timeout);
                    return Ok((Outcome::Fault(fault), Some(Ending::TimedOut)));
                }
                Happening::Stopped => return Err(Ending::Stopped),
            }
        }
    }

    async fn answer(&self, job: Job, outcome: Outcome, started: Instant) {
        let request_id = job.request.id;
        let duration = started.elapsed();
        self.output.settle().await;
        self.output.note(&format!("END RequestId: {request_id}"));
        self.output.note(&self.report(&request_id, duration));
        let (payload, failed): (Bytes, bool) = match outcome {
            Outcome::Response(payload) => (payload, false),
            Outcome::Error(payload) => (payload, true),
            Outcome::Fault(fault) => (fault.payload(&request_id), true),
        };
        self.function.count(|stats| {
            stats.invocations += 1;
            stats.errors += u64::from(failed);
        });
        // Before the answer: a caller that invokes again because of it finds this environment free.
        self.function.finished(self.number);
        let invocation = Invocation {
            request_id,
            payload,
            function_error: failed.then(|| "Unhandled".to_owned()),
            log_tail: self.output.tail(),
            duration,
        };
        // A caller that went away does not need the answer.
        let _ = job.reply.send(invocation);
    }

    fn report(&self, request_id: &str, duration: Duration) -> String {
        let milliseconds = duration.as_secs_f64() * 1_000.0;
        format!(
            "REPORT RequestId: {request_id}\tDuration: {milliseconds:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB",
            milliseconds.ceil(),
            self.function.spec.memory_mb
        )
    }

    /// Waits until the process asks for an invocation again, which it must do by `deadline`.
    async fn ready(&mut self, deadline: Instant) -> Result<Poll, Ending> {
        loop {
            match self.happening(Some(deadline)).await {
                Happening::Call(Call::Next(poll)) => return Ok(poll),
                Happening::Call(Call::Outcome { .. } | Call::InitError(_)) => (),
                Happening::Exited(_) => return Err(Ending::Crashed),
                Happening::Deadline => return Err(Ending::TimedOut),
                Happening::Stopped => return Err(Ending::Stopped),
            }
        }
    }

    /// The next thing to react to. Dropping the future loses nothing.
    async fn happening(&mut self, deadline: Option<Instant>) -> Happening {
        let deadline = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An answer that arrived counts, even from a process that exited right after it.
            biased;
            _ = self.stop.wait_for(|stop| *stop) => Happening::Stopped,
            Some(call) = self.calls.recv() => Happening::Call(call),
            status = self.child.wait() => Happening::Exited(status.ok()),
            () = deadline => Happening::Deadline,
        }
    }
}
