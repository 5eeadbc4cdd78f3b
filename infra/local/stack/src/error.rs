//! Why a stack does not start.

use std::{io, path::PathBuf};

use local_core::AwsError;
use local_dynamodb::OpenError;
use local_eventbridge::TopologyError;
use local_gateway::GatewayError;
use local_lambda::{HostError, event_source::MappingError};
use local_states::StateMachineError;
use local_template::TemplateError;

/// Why a stack does not start. Each names what to change; nothing is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// A port is not to be had.
    #[error("port {port} ({purpose}) is not free: stop what uses it, or choose others with --port")]
    Port {
        /// The port.
        port: u16,
        /// What it is for.
        purpose: &'static str,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The ports would not fit above the first.
    #[error("--port {0}: there must be room for four ports above it, up to 65535")]
    PortTooHigh(u16),
    /// The template cannot be run.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The tables cannot be opened.
    #[error(transparent)]
    Storage(#[from] OpenError),
    /// A table or queue is refused.
    #[error("{name} cannot be created")]
    Resource {
        /// Its logical id.
        name: String,
        /// The service's error.
        #[source]
        source: AwsError,
    },
    /// A rule leads to something that is not in the stack.
    #[error(
        "rule {rule}, target {target}: {arn} is neither a queue nor a function of the template"
    )]
    UnknownTarget {
        /// The rule's logical id.
        rule: String,
        /// The target's id.
        target: String,
        /// What it names.
        arn: String,
    },
    /// The bus is not one that AWS would create.
    #[error(transparent)]
    Bus(#[from] TopologyError),
    /// A function cannot be run.
    #[error(transparent)]
    Function(#[from] HostError),
    /// An environment variable is for a function that is not there.
    #[error("--env {name}: there is no such function; there are {known}")]
    UnknownFunction {
        /// What was named.
        name: String,
        /// What could have been.
        known: String,
    },
    /// A state machine is not one that AWS would create, or has something that is not run here.
    #[error(transparent)]
    StateMachine(#[from] StateMachineError),
    /// A task of a state machine names a function that is not in the stack.
    #[error(
        "state machine {state_machine}: there is no function {function:?} for its tasks; there are {known}"
    )]
    UnknownTask {
        /// The state machine's name.
        state_machine: String,
        /// What its definition names.
        function: String,
        /// What it could have named.
        known: String,
    },
    /// The HTTP API is not one that API Gateway would create.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// An event source mapping is refused.
    #[error("{name} cannot be created")]
    Mapping {
        /// Its logical id.
        name: String,
        /// What Lambda would say.
        #[source]
        source: MappingError,
    },
    /// The logs cannot be kept.
    #[error("logs cannot be written to {}", path.display())]
    Logs {
        /// The directory or file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}
