//! A state machine, the function that starts it, and what may go wrong between the two.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_sfn::Client;
use catalogue::{Event, LIVE};
use event_envelope::Delivery;
use lambda::{Consumer, DeadLetterQueue, ReplayPolicy};
use local_core::{AwsError, Bytes, Reply, Service};
use local_sqs::{QueueSpec, Sqs};
use local_states::{
    Invocation, InvokeError, Options, StateMachineSpec, StepFunctions, Tasks, state_machine_arn,
};
use runtime::{Done, Failure};
use serde_json::{Value, json};
use testkit::{deliver, sdk_config};
use workflow::handler::Workflow;

const MACHINE: &str = "orderly-order-workflow";
const QUEUE: &str = "orderly-workflow-queue";
const DEAD_LETTERS: &str = "orderly-workflow-dlq";
/// No server listens there.
const ENDPOINT: &str = "http://127.0.0.1:9000";

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It is refused with this code, and this status.
    Refused(&'static str, u16),
    /// It takes effect, and its answer is lost.
    AnswerLost,
}

#[derive(Clone)]
pub(crate) struct World {
    states: StepFunctions,
    sqs: Sqs,
    calls: Arc<AtomicUsize>,
}

/// Step Functions that fail at every call.
struct Failing {
    world: World,
    fault: Fault,
}

/// An execution, as it is described.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Execution {
    pub(crate) status: String,
    pub(crate) input: String,
}

/// There are no functions here.
struct Nothing;

impl World {
    /// A workflow that waits for a day.
    pub(crate) fn new() -> Self {
        Self::of(json!({ "Type": "Wait", "Seconds": 86_400, "End": true }))
    }

    /// A workflow that ends at once.
    pub(crate) fn brief() -> Self {
        Self::of(json!({ "Type": "Succeed" }))
    }

    fn of(state: Value) -> Self {
        let definition =
            json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": { "A": state } });
        let spec = StateMachineSpec {
            name: MACHINE.to_owned(),
            role_arn: "arn:aws:iam::000000000000:role/orderly".to_owned(),
            definition: definition.to_string(),
        };
        let states = StepFunctions::new(vec![spec], Arc::new(Nothing), Options::default()).unwrap();
        let sqs = Sqs::new(ENDPOINT);
        for queue in [QUEUE, DEAD_LETTERS] {
            sqs.create_queue(QueueSpec::named(queue)).unwrap();
        }
        Self { states, sqs, calls: Arc::default() }
    }

    /// A process that starts the state machine of this name, and meets `fault` at every call.
    pub(crate) fn starter(&self, machine: &str, fault: Fault) -> Workflow {
        let failing = Failing { world: self.clone(), fault };
        let client = Client::new(&sdk_config(Arc::new(failing)));
        Workflow::new(client, state_machine_arn(machine))
    }

    pub(crate) async fn deliver_with(
        &self,
        delivery: &Delivery<Event>,
        fault: Fault,
    ) -> Result<Done, Failure> {
        deliver(&self.starter(MACHINE, fault), delivery).await
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        self.deliver_with(delivery, Fault::None).await
    }

    /// Has a batch consumed: which records are delivered again, and how many were dead-lettered.
    pub(crate) async fn consume(&self, batch: SqsEvent) -> (SqsBatchResponse, usize) {
        let client = aws_sdk_sqs::Client::new(&sdk_config(Arc::new(self.sqs.clone())));
        let [queue, dead_letters] = [QUEUE, DEAD_LETTERS].map(|it| self.sqs.queue_url(it));
        let dead_letters = DeadLetterQueue::new(client, queue, dead_letters);
        let service = lambda::service(self.starter(MACHINE, Fault::None));
        let consumer = Consumer::new("workflow", LIVE, ReplayPolicy::Refuse, dead_letters, service);
        let before = self.sqs.peek(DEAD_LETTERS).unwrap().len();
        let response = consumer.consume(batch).await;
        (response, self.sqs.peek(DEAD_LETTERS).unwrap().len() - before)
    }

    /// How often Step Functions were called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many executions were started.
    pub(crate) fn started(&self) -> u64 {
        self.states.stats().started
    }

    /// Waits until every execution has ended.
    pub(crate) async fn settled(&self) {
        while !self.states.idle() {
            tokio::task::yield_now().await;
        }
    }

    /// The execution of an order.
    pub(crate) async fn execution(&self, order: &str) -> Option<Execution> {
        let arn = state_machine_arn(MACHINE).replace(":stateMachine:", ":execution:");
        let request = json!({ "executionArn": format!("{arn}:{order}") }).to_string();
        let answer = self.states.call("DescribeExecution", request.into()).await.ok()?;
        let described: Value = serde_json::from_slice(&answer).unwrap();
        let text = |member: &str| described[member].as_str().unwrap().to_owned();
        Some(Execution { status: text("status"), input: text("input") })
    }
}

impl Tasks for Nothing {
    fn invoke<'a>(&'a self, function: &'a str, _: Bytes) -> Invocation<'a> {
        Box::pin(async move { Err(InvokeError::NotFound(function.to_owned())) })
    }
}

impl Service for Failing {
    fn targets(&self) -> &'static [&'static str] {
        self.world.states.targets()
    }

    fn json_version(&self) -> &'static str {
        self.world.states.json_version()
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        Box::pin(async move {
            self.world.calls.fetch_add(1, Ordering::SeqCst);
            if let Fault::Refused(code, status) = self.fault {
                return Err(AwsError { status, ..AwsError::client(code, "not now") });
            }
            let answer = self.world.states.call(operation, body).await;
            match self.fault {
                Fault::AnswerLost => Err(AwsError::internal("the answer was lost")),
                Fault::None | Fault::Refused(..) => answer,
            }
        })
    }
}
