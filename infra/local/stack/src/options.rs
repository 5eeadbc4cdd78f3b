//! How a stack is to run.

use std::{collections::BTreeMap, path::PathBuf};

use local_eventbridge::Disorder;
use local_gateway::TokenIssuer;
use local_scheduler::SchedulePace;

/// What a stack is called that was given no name.
const NAME: &str = "local";

/// How a stack is to run. [`StackOptions::new`] is a stack in memory, on free ports.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// The stack's name, which the names of its resources begin with.
    pub name: String,
    /// The SAM template.
    pub template: PathBuf,
    /// The directory of the compiled functions.
    pub binaries: PathBuf,
    /// Which ports it listens on.
    pub ports: Ports,
    /// What functions see in place of these ports.
    pub proxies: Proxies,
    /// Values of the template's parameters by name, which win over its defaults and over what the
    /// [`StackContext`](super::StackContext) give.
    pub parameters: BTreeMap<String, String>,
    /// Secrets by name or ARN, besides those of the [`StackContext`](super::StackContext), which they
    /// may replace.
    pub secrets: BTreeMap<String, String>,
    /// The directory where tables are kept from one run to the next; in memory if not given.
    /// Queues, the bus and the executions of state machines are in memory: they begin anew with
    /// each run, whatever the tables say.
    pub data: Option<PathBuf>,
    /// Who issues callers' tokens. Without one a token is a name, and nothing is checked.
    pub issuer: Option<TokenIssuer>,
    /// What the bus does to its events.
    pub disorder: Disorder,
    /// Where functions' logs go.
    pub logs: LogOptions,
    /// Further environment variables by function (the name of its binary, or its own), which win
    /// over those of the template.
    pub environment: BTreeMap<String, BTreeMap<String, String>>,
    /// When a message comes again whose consumer died.
    pub redelivery: Redelivery,
    /// How often schedules invoke their functions.
    pub schedule_pace: SchedulePace,
    /// The most processes of one function, unless the template reserves another number; also the
    /// most batches of a queue at a time, if the template allows more.
    pub processes_max: usize,
}

/// Which ports a stack listens on, all of them on the loopback interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Any that are free.
    Any,
    /// This one for the AWS endpoint, and fixed ones above it for the rest.
    From(u16),
}

/// The ports, on the loopback interface, of proxies that stand between the functions and the stack:
/// a function finds AWS and the external services there. The Runtime API, from which it gets its
/// invocations, has no proxy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Of the proxy before the AWS endpoint.
    pub endpoint: Option<u16>,
    /// Of the proxy before the external services.
    pub external: Option<u16>,
}

/// Where functions' logs go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The directory of one file per function, if they are kept.
    pub directory: Option<PathBuf>,
    /// Whether they are shown on the terminal.
    pub shown: bool,
}

/// When a message comes again whose consumer died with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Redelivery {
    /// After the queue's visibility timeout, as in AWS.
    #[default]
    AsDeclared,
    /// As soon as its consumer must have ended: after the function's timeout, a sixth of what the
    /// template declares. For runs in which consumers are killed.
    Soon,
}

/// More processes than this would only take each other's time, and make batches smaller; fewer
/// would stand still when one waits for a slow provider.
fn processes_max() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (2 * cores).clamp(4, 10)
}

impl StackOptions {
    /// A stack of `template` and the functions in `binaries`: in memory, on free ports, without
    /// logs and files.
    pub fn new(template: impl Into<PathBuf>, binaries: impl Into<PathBuf>) -> Self {
        Self {
            name: NAME.to_owned(),
            template: template.into(),
            binaries: binaries.into(),
            ports: Ports::Any,
            proxies: Proxies::default(),
            parameters: BTreeMap::new(),
            secrets: BTreeMap::new(),
            data: None,
            issuer: None,
            disorder: Disorder::default(),
            logs: LogOptions::default(),
            environment: BTreeMap::new(),
            redelivery: Redelivery::default(),
            schedule_pace: SchedulePace::default(),
            processes_max: processes_max(),
        }
    }
}
