//! Reads the SAM template into what a stack is made of: functions, queues, tables, buses with
//! their archives and rules, routes, event source mappings, schedules and state machines, with
//! every intrinsic function resolved to the names and ARNs of one machine.
//!
//! Nested applications that lie beside it are read as part of it.
//!
//! It reads strictly. A resource type or property that would change what the stack does, and that
//! is not modelled here, is refused by name rather than passed over: a template that loads behaves
//! on one machine as it does in AWS.
//!
//! ```no_run
//! use std::{collections::BTreeMap, path::Path};
//!
//! use local_template::{LoadOptions, Template};
//!
//! # fn main() -> Result<(), local_template::TemplateError> {
//! let parameters = BTreeMap::from([("SenderEmail".to_owned(), "orders@example.com".to_owned())]);
//! let options = LoadOptions {
//!     stack_name: "orderly",
//!     endpoint: "http://127.0.0.1:9000",
//!     parameters: &parameters,
//! };
//! let template = Template::load(Path::new("infra/template.yaml"), &options)?;
//! assert!(template.function("orderly-payment").is_some());
//! # Ok(())
//! # }
//! ```

mod bus;
mod by_lambda;
mod checks;
mod condition;
mod document;
mod endpoint;
mod error;
mod events;
mod function;
mod gateway;
mod globals;
mod managed;
mod mapping;
mod merge;
mod nested;
mod parameters;
mod passed;
mod permission;
mod physical;
mod properties;
mod queue;
mod resolver;
mod resources;
mod rewrite;
mod role;
mod route;
mod schedule;
mod sockets;
mod state_machine;
mod table;
mod yaml;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

pub use local_iam::{ResourcePolicy, Role};

pub use bus::{Archive, Bus, RetryPolicy, Rule, Target};
pub use error::{Place, TemplateError};
pub use function::{AsyncInvoke, Function};
pub use mapping::{Mapping, Source, StartingPosition};
pub use physical::STREAM_LABEL;
pub use queue::{Queue, Redrive};
pub use route::{Access, Route};
pub use schedule::Schedule;
pub use sockets::{IdentitySource, SocketAccess, SocketApi, SocketAuthorizer, SocketRoute};
pub use state_machine::StateMachine;
pub use table::{Stream, StreamView, Table};

use document::Document;
use gateway::Gateway;
use nested::Assembled;
use permission::Invocations;
use physical::Kind;
use properties::Properties;
use resolver::{Resolver, Spot};
use resources::{present, resolved};
use sockets::Sockets;

/// What a deployment would be given besides the template.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions<'a> {
    /// The stack's name, which physical names begin with.
    pub stack_name: &'a str,
    /// The local AWS endpoint, which queue URLs begin with, e.g. `http://127.0.0.1:9000`.
    pub endpoint: &'a str,
    /// Values of the template's parameters; the others take their defaults.
    pub parameters: &'a BTreeMap<String, String>,
}

/// What a stack is made of. Each list is in the order of logical ids.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    /// The Lambda functions.
    pub functions: Vec<Function>,
    /// The queues, dead-letter queues among them.
    pub queues: Vec<Queue>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The event buses.
    pub buses: Vec<Bus>,
    /// The archives of the buses.
    pub archives: Vec<Archive>,
    /// The rules of the buses.
    pub rules: Vec<Rule>,
    /// The routes of the HTTP API.
    pub routes: Vec<Route>,
    /// The WebSocket API.
    pub socket_api: Option<SocketApi>,
    /// Who works on which queue or stream.
    pub mappings: Vec<Mapping>,
    /// Which functions are invoked again and again.
    pub schedules: Vec<Schedule>,
    /// The state machines.
    pub state_machines: Vec<StateMachine>,
    /// The policies of queues and buses.
    pub resource_policies: Vec<ResourcePolicy>,
    /// The values of parameters that say `NoEcho`: not to be shown.
    pub secrets: BTreeSet<String>,
}

impl Template {
    /// Reads the template at `path`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is no template that can be run here: see
    /// [`TemplateError`]. The message names the resource and the property to change.
    pub fn load(path: &Path, options: &LoadOptions<'_>) -> Result<Self, TemplateError> {
        let text = text_of(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse_with(&text, options, &|file| fs::read_to_string(folder.join(file)))
    }

    /// The names of the parameters that the template at `path` declares: others cannot be given.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is no template.
    pub fn parameters_of(path: &Path) -> Result<BTreeSet<String>, TemplateError> {
        let text = text_of(path)?;
        Ok(Document::new(yaml::parse(&text)?)?.parameters.into_keys().collect())
    }

    /// Reads a template from its text. It has no folder, and so no nested applications and no state
    /// machines: those are files beside it.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn parse(text: &str, options: &LoadOptions<'_>) -> Result<Self, TemplateError> {
        let no_folder = || io::Error::new(io::ErrorKind::NotFound, "the template has no folder");
        Self::parse_with(text, options, &|_| Err(no_folder()))
    }

    /// Reads a template from its text. `files` reads those that it names, by their paths relative
    /// to the template's folder.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn parse_with(
        text: &str,
        options: &LoadOptions<'_>,
        files: &dyn Fn(&str) -> io::Result<String>,
    ) -> Result<Self, TemplateError> {
        let Assembled { template, passed } = nested::assemble(text, files)?;
        let resolver = Resolver::new(Document::new(template)?, options)?;
        let resources = present(&resolver)?;
        let passed_secrets = resolver.check_passed(passed)?;
        let mut apis = route::Apis::new();
        for (id, _) in resources.iter().filter(|(_, kind)| *kind == Kind::HttpApi) {
            apis.insert((*id).to_owned(), route::read_api(resolved(&resolver, id)?)?);
        }
        let mut sockets = Sockets::among(&resolver, &resources)?;
        let mut template = Self { secrets: resolver.secrets.clone(), ..Self::default() };
        template.secrets.extend(passed_secrets);
        let mut policies = Vec::new();
        let (mut gateway, mut invocations) = (Gateway::default(), Invocations::default());
        let known = role::Known::read(&resolver, &resources)?;
        let references = References { apis, known };
        for (id, kind) in resources {
            let properties = sockets.take(id, kind, resolved(&resolver, id)?)?;
            let Some(mut properties) = properties else { continue };
            match kind {
                Kind::BusPolicy => template.resource_policies.push(role::bus_policy(properties)?),
                Kind::GatewayApi => gateway.add_api(id, properties)?,
                Kind::GatewayAuthorizer => gateway.add_authorizer(id, properties)?,
                Kind::GatewayIntegration => gateway.add_integration(id, properties)?,
                Kind::GatewayRoute => gateway.add_route(properties),
                Kind::GatewayStage => gateway.add_stage(properties)?,
                Kind::Permission => invocations.add(properties)?,
                Kind::QueuePolicy => policies.push(permission::read(properties)?),
                Kind::StateMachine => {
                    let role = references.known.take(options.stack_name, id, &mut properties)?;
                    let read = state_machine::read(&resolver, id, role, properties, files)?;
                    template.state_machines.push(read);
                }
                Kind::Archive
                | Kind::Bus
                | Kind::Function
                | Kind::GatewayDeployment
                | Kind::HttpApi
                | Kind::Inert
                | Kind::Mapping
                | Kind::Queue
                | Kind::Role
                | Kind::Rule
                | Kind::Table
                | Kind::Topic => {
                    template.read(&resolver, id, properties, kind, &references)?;
                }
            }
        }
        gateway.settle(&mut template, &invocations)?;
        sockets.settle(&mut template, &invocations)?;
        checks::check(&template)?;
        permission::settle(&mut template, policies)?;
        Ok(template)
    }

    fn read(
        &mut self,
        resolver: &Resolver<'_>,
        id: &str,
        mut properties: Properties,
        kind: Kind,
        references: &References,
    ) -> Result<(), TemplateError> {
        let References { apis, known } = references;
        let name = resolver.name_of(id, &Spot::new(Place::at(id)))?;
        match kind {
            Kind::Archive => self.archives.push(bus::read_archive(id, name, properties)?),
            Kind::Bus => self.buses.push(bus::read_bus(id, name, properties)?),
            Kind::Function => {
                let Some(resource) = resolver.document.resources.get(id) else { return Ok(()) };
                let invoked = schedule::Invoked { logical_id: id, name: &name };
                let events = events::read(invoked, resolver, &mut properties, apis)?;
                self.routes.extend(events.routes);
                self.schedules.extend(events.schedules);
                let role = known.take(resolver.options.stack_name, id, &mut properties)?;
                self.functions.push(function::read(id, name, resource, role, properties)?);
            }
            Kind::Mapping => self.mappings.push(mapping::read(id, properties)?),
            Kind::Queue => self.queues.push(queue::read(resolver, id, name, properties)?),
            Kind::Rule => self.rules.push(bus::read_rule(id, name, properties)?),
            Kind::Table => self.tables.push(table::read(id, name, properties)?),
            // Resolved above, so that a reference to nothing is found there too.
            Kind::BusPolicy
            | Kind::GatewayApi
            | Kind::GatewayAuthorizer
            | Kind::GatewayDeployment
            | Kind::GatewayIntegration
            | Kind::GatewayRoute
            | Kind::GatewayStage
            | Kind::HttpApi
            | Kind::Inert
            | Kind::Permission
            | Kind::QueuePolicy
            | Kind::Role
            | Kind::StateMachine
            | Kind::Topic => {}
        }
        Ok(())
    }

    /// The function of a physical name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The queue of an ARN.
    #[must_use]
    pub fn queue(&self, arn: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.arn == arn)
    }
}

fn text_of(path: &Path) -> Result<String, TemplateError> {
    fs::read_to_string(path)
        .map_err(|source| TemplateError::Unreadable { path: path.to_owned(), source })
}

/// What functions refer to.
struct References {
    apis: route::Apis,
    known: role::Known,
}
