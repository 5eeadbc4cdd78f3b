//! What lies between an SDK client of a process and the services: requests that get lost, come
//! late, or kill who sent them.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_clients::{Aws, AwsEnv, Credentials};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::{
    client::{
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use local_core::{AwsError, InProcess, REGION};

use crate::{
    fault::{Fault, Site},
    incident::{Incident, Outside},
    mutate,
    process::Process,
    request::{Answer, Sent, answer_of},
    services::Services,
};

/// The longest that a request is under way where no fault is injected, each way.
const LATENCY_MAX: Duration = Duration::from_millis(8);
/// The longest that a request is late whose caller was told that it is lost, in seconds.
const LATE_SECONDS_MAX: u64 = 20;
/// The longest that a read is behind.
const LAG_MAX: Duration = Duration::from_secs(5);
/// For how long mails are not taken, in seconds.
const OUTAGE_SECONDS: [u64; 4] = [60, 600, 3_600, 6 * 3_600];
/// The status of an answer to a request that took effect.
const OK: u16 = 200;
/// What the SDK starts with, <https://docs.rs/aws-smithy-runtime>: a process has its own.
const RETRY_QUOTA: usize = 500;

/// Mails are not taken.
const NO_MAIL: Incident = Incident::Unavailable(Outside::Mail);

/// How every function configures its clients.
static AWS: LazyLock<Aws> = LazyLock::new(|| {
    let credentials = Credentials::new("simulated", "simulated", None, None, "simulation");
    Aws::new(AwsEnv::new(REGION, credentials)).unwrap()
});

/// The network as one process sees it.
#[derive(Clone)]
pub(crate) struct FaultyConnector {
    pub(crate) process: Arc<Process>,
    pub(crate) services: Services,
}

impl FaultyConnector {
    /// The clients of the process. The tokens that limit retries are its own: those of the SDK are
    /// shared by all that was ever run here.
    pub(crate) fn aws(&self) -> Aws {
        let retries = RetryPartition::custom(self.process.name.clone())
            .token_bucket(TokenBucket::new(RETRY_QUOTA))
            .build();
        let this = self.clone();
        AWS.over(InProcess::new(move |request| this.clone().carry(request)), retries)
    }

    async fn carry(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").map(str::to_owned);
        let path = request.uri().to_owned();
        let body = Bytes::copy_from_slice(request.body().bytes().unwrap_or_default());
        let binary = self.process.binary().to_owned();
        let mut sent = Sent { binary, target, path, body };
        if self.process.lacks_conditions() {
            sent.disarm();
        }
        mutate::ask(&self.process.sim, &mut sent);
        let what = format!("{} {}", self.process.name, sent.operation());
        let sim = &self.process.sim;
        sim.note_with(&what, &sent.canonical());
        let met = sim.fault_point(sent.site(), &what);
        self.process.pass(LATENCY_MAX).await;
        let mut answer = match met {
            Some((fault, random)) => self.fail(fault, random, &sent).await?,
            None if self.process.is_denied() => denied(),
            None if sent.site() == Site::Mail && sim.is_in(&NO_MAIL) => server_error(),
            None => self.call(&sent).await,
        };
        mutate::answer(sim, &sent, &mut answer);
        self.process.pass(LATENCY_MAX).await;
        let (status, body) = answer;
        sim.note(&format!("{what} -> {status}"));
        let status = StatusCode::try_from(status)
            .map_err(|error| ConnectorError::other(error.into(), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(body)))
    }

    /// The request arrives.
    async fn call(&self, sent: &Sent) -> Answer {
        let mut mutated = sent.clone();
        if let Some(answer) = mutate::send(&self.process.sim, &mut mutated) {
            return answer;
        }
        let release = self.process.release;
        let is_rewritten = release.is_some_and(|it| it.rewrite(&mut mutated));
        let mut answer = self.services.call(&mutated).await;
        if let Some(release) = release {
            release.show(&mut answer);
            if is_rewritten && answer.0 == OK {
                self.process.sim.note(&format!("{} stored {release:?} events", self.process.name));
            }
        }
        if sent.site() == Site::Write && answer.0 == OK {
            self.process.sim.wrote(&self.process.name, &sent.body);
        }
        answer
    }

    /// The request arrives so much later.
    fn call_late(&self, sent: Sent, late: Duration) {
        let this = self.clone();
        let under_way = self.process.sim.under_way();
        tokio::spawn(async move {
            tokio::time::sleep(late).await;
            this.call(&sent).await;
            drop(under_way);
        });
    }

    async fn fail(
        &self,
        fault: Fault,
        mut random: fastrand::Rng,
        sent: &Sent,
    ) -> Result<Answer, ConnectorError> {
        match fault {
            Fault::CrashBefore => self.process.die().await,
            Fault::CrashAfter => {
                self.call(sent).await;
                self.process.die().await
            }
            Fault::LoseAnswer => {
                self.call(sent).await;
                Err(lost())
            }
            Fault::ErrorBefore => Ok(server_error()),
            Fault::ErrorAfter => {
                self.call(sent).await;
                Ok(server_error())
            }
            Fault::Throttle => {
                Ok(answer_of(&AwsError::client("ThrottlingException", "Rate exceeded")))
            }
            Fault::Conflict => Ok(answer_of(&local_dynamodb::conflict(&sent.body))),
            Fault::Partial => Ok(self.services.call_partly(sent, &mut random).await),
            Fault::Late => {
                self.call_late(sent.clone(), Duration::from_secs(random.u64(0..LATE_SECONDS_MAX)));
                Err(lost())
            }
            Fault::Hang => std::future::pending().await,
            Fault::FreezeBefore => {
                self.process.freeze(&mut random).await;
                Ok(self.call(sent).await)
            }
            Fault::FreezeAfter => {
                let answer = self.call(sent).await;
                self.process.freeze(&mut random).await;
                Ok(answer)
            }
            Fault::Stale => {
                // Mostly a fraction of a second, which is what a replica takes.
                let lag = LAG_MAX.mul_f64(random.f64().powi(3));
                Ok(self.services.call_stale(sent, lag).await)
            }
            Fault::Deny => {
                self.process.deny(&mut random);
                Ok(denied())
            }
            Fault::Outage => {
                let lasts = OUTAGE_SECONDS[random.usize(..OUTAGE_SECONDS.len())];
                self.process.sim.begin(NO_MAIL, Duration::from_secs(lasts));
                Ok(server_error())
            }
            Fault::LoseRequest
            | Fault::Duplicate
            | Fault::Delay
            | Fault::Refuse
            | Fault::Expire
            | Fault::Poison
            | Fault::Mangle
            | Fault::Kill
            | Fault::Twice
            | Fault::KeepError
            | Fault::KeepErrorAfter
            | Fault::ForgetKeys
            | Fault::Repeat
            | Fault::Malformed
            | Fault::Gap => Err(lost()),
        }
    }
}

fn lost() -> ConnectorError {
    ConnectorError::io("the connection broke".into())
}

fn denied() -> Answer {
    let message = "the role is not authorized to perform this action";
    answer_of(&AwsError::client("AccessDeniedException", message))
}

fn server_error() -> Answer {
    let mut error = AwsError::internal("something went wrong");
    error.status = 500;
    answer_of(&error)
}
