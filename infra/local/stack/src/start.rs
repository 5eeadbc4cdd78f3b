//! How a stack comes to life: ports first, for names and URLs follow from them, then what keeps
//! data, what works on it, and last what lets work in.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use axum::Router;
use local_core::{Clock, Service};
use local_dynamodb::{DynamoDb, Storage};
use local_eventbridge::{EventBridge, Options as BusOptions};
use local_gateway::{Gateway, GatewayError, Invocation, Invoke, InvokeReply, SocketApi};
use local_iam::access_key_of;
use local_lambda::{HostOptions, LambdaHost, event_source};
use local_sqs::Sqs;
use local_template::{LoadOptions, Template};
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::{
    Inner, Logs, NoContext, Stack, StackContext, StackError, StackOptions, Urls,
    console::{bad, say},
    deliver::Targets,
    inspect,
    listeners::{Listeners, serve, url_at, url_of},
    mappings::{self, Sources},
    options::Proxies,
    resources, rights, schedules, secrets, specs, workflows,
};

/// Where everything is, as long as there are no ports.
const NOWHERE: &str = "http://127.0.0.1";

/// The template at `path` as the stack `name` would run it with these values of its parameters, as
/// far as it can be read before there are ports.
///
/// # Errors
///
/// When the template cannot be run with them.
pub fn load_template(
    path: &Path,
    name: &str,
    parameters: &BTreeMap<String, String>,
    context: &dyn StackContext,
) -> Result<Template, StackError> {
    let declared = Template::parameters_of(path)?;
    let parameters = resources::parameters(context, NOWHERE, &declared, parameters);
    let options = LoadOptions { stack_name: name, endpoint: NOWHERE, parameters: &parameters };
    Ok(Template::load(path, &options)?)
}

fn load(
    options: &StackOptions,
    urls: &Urls,
    context: &dyn StackContext,
) -> Result<Template, StackError> {
    let StackOptions { name, template, parameters, .. } = options;
    let declared = Template::parameters_of(template)?;
    let parameters = resources::parameters(context, &urls.external, &declared, parameters);
    let endpoint = &urls.endpoint;
    let options = LoadOptions { stack_name: name, endpoint, parameters: &parameters };
    let mut template = Template::load(template, &options)?;
    template.locate_sockets(endpoint, &urls.sockets);
    Ok(template)
}

/// Where functions find what is at `urls`.
fn seen_by_functions(urls: &Urls, proxies: Proxies) -> Urls {
    let seen = |proxy: Option<u16>, url: &String| proxy.map_or_else(|| url.clone(), url_at);
    Urls {
        endpoint: seen(proxies.endpoint, &urls.endpoint),
        external: seen(proxies.external, &urls.external),
        ..urls.clone()
    }
}

impl Stack {
    /// Starts everything in the template. A function's first process starts when it is needed.
    ///
    /// # Errors
    ///
    /// When a port is taken, or the template, a binary or the data directory cannot be used. The
    /// error names it; nothing is left running.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        Self::start_within(options, Arc::new(NoContext)).await
    }

    /// As [`start`](Self::start), with what is around the template.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_within(
        options: StackOptions,
        context: Arc<dyn StackContext>,
    ) -> Result<Self, StackError> {
        let listeners = Listeners::bind(options.ports).await?;
        let urls = Urls {
            endpoint: url_of(&listeners.endpoint),
            api: url_of(&listeners.api),
            external: url_of(&listeners.external),
            sockets: url_of(&listeners.sockets).replacen("http", "ws", 1),
        };
        let proxies = options.proxies;
        let seen = seen_by_functions(&urls, proxies);
        let template = load(&options, &seen, &*context)?;
        let logs = Arc::new(Logs::open(options.logs.clone(), &options.name)?);

        let storage = options.data.clone().map_or(Storage::Memory, Storage::Directory);
        let dynamodb = DynamoDb::open(&storage)?;
        specs::create_tables(&template, &dynamodb).await?;
        let sqs = Sqs::new(&urls.endpoint);
        specs::create_queues(&template, &sqs, options.redelivery)?;

        let specs = resources::functions(&template, &options)?;
        let host = host_options(&template, &seen.endpoint, &logs, &sqs);
        let lambda = LambdaHost::start(specs, host)?;
        let targets = Targets::new(&template, sqs.clone(), lambda.clone(), Arc::clone(&context))?;
        let bus_options = BusOptions { disorder: options.disorder, ..BusOptions::default() };
        let bus = EventBridge::new(specs::topology(&template), Arc::new(targets), bus_options)?;

        let state_machines = workflows::start(&template, &lambda)?;
        let only_scheduled = schedules::only_scheduled(&template, &state_machines);

        let (gateway, sockets) = gateways(&template, &options, &lambda)?;

        let sources = Sources {
            database: &dynamodb,
            queues: &sqs,
            functions: &lambda,
            batches_max: options.processes_max,
        };
        let refused_mappings = refused_mappings(&template);
        let mappings = sources.start(&template)?;
        let scheduler = schedules::start(&template, &lambda, &sqs, options.schedule_pace);
        let secrets = secrets::keep(&*context, &options);
        let stack = Self(Arc::new(Inner {
            name: options.name,
            template,
            dynamodb,
            sqs,
            secrets,
            bus,
            lambda,
            mappings,
            refused_mappings,
            state_machines,
            sockets,
            scheduler,
            only_scheduled,
            logs,
            refusals: Arc::default(),
            urls,
            servers: Mutex::default(),
        }));
        let endpoint = stack.endpoint(&*context);
        let mut servers = JoinSet::new();
        if let Some(listener) = listeners.endpoint_v6 {
            serve(&mut servers, listener, proxies.endpoint, endpoint.clone());
        }
        serve(&mut servers, listeners.endpoint, proxies.endpoint, endpoint);
        serve(&mut servers, listeners.api, None, gateway.router());
        serve(&mut servers, listeners.sockets, None, stack.socket_router());
        serve(&mut servers, listeners.external, proxies.external, context.external_services());
        *stack.servers() = servers;
        Ok(stack)
    }

    /// What clients of the WebSocket API connect to. As in AWS, connections are managed there too.
    fn socket_router(&self) -> Router {
        let Some(sockets) = &self.0.sockets else { return local_core::closed(Router::new()) };
        let management = self.enforced(sockets.management());
        management.merge(sockets.router())
    }

    fn enforced(&self, router: Router) -> Router {
        rights::enforced(router, self.0.template.authority(), Arc::clone(&self.0.refusals))
    }

    /// Everything that AWS offers, behind one address.
    fn endpoint(&self, context: &dyn StackContext) -> Router {
        let services: Vec<Arc<dyn Service>> = vec![
            Arc::new(self.0.dynamodb.clone()),
            Arc::new(self.0.sqs.clone()),
            Arc::new(self.0.secrets.clone()),
            Arc::new(self.0.bus.clone()),
            Arc::new(self.0.state_machines.clone()),
        ];
        let router = local_core::router(services)
            .merge(self.0.lambda.router())
            .merge(event_source::router(mappings::descriptions(&self.0.template, &self.0.mappings)))
            .merge(local_scheduler::router(schedules::descriptions(&self.0.template)))
            .merge(inspect::router(self.downgrade()))
            .merge(self.0.sockets.as_ref().map_or_else(Router::new, SocketApi::management))
            .merge(context.endpoint(self.downgrade()));
        self.enforced(local_core::closed(router))
    }
}

/// What is reported of a mapping that is not started.
fn refused_mappings(template: &Template) -> Vec<String> {
    let enabled = template.mappings.iter().filter(|mapping| mapping.enabled);
    let refused: Vec<String> = enabled.filter_map(|it| template.lacking(it)).collect();
    for mapping in &refused {
        say(bad(mapping));
    }
    refused
}

/// The HTTP API, and the WebSocket API if there is one.
fn gateways(
    template: &Template,
    options: &StackOptions,
    lambda: &LambdaHost,
) -> Result<(Gateway, Option<SocketApi>), GatewayError> {
    let invoker = Arc::new(Functions(lambda.clone()));
    let routes = specs::routes(template);
    let gateway = match options.issuer.clone() {
        Some(issuer) => Gateway::with_issuer(routes, invoker.clone(), issuer)?,
        None => Gateway::new(routes, invoker.clone())?,
    };
    let sockets = template.socket_api.as_ref().map(|api| {
        SocketApi::new(specs::sockets(api), invoker, Clock::system()).map_err(GatewayError::from)
    });
    Ok((gateway, sockets.transpose()?))
}

fn host_options(
    template: &Template,
    endpoint: &str,
    logs: &Arc<Logs>,
    queues: &Sqs,
) -> HostOptions {
    let mut options = HostOptions::default();
    options.environment.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned());
    let names = template.functions.iter().map(|it| it.name.clone());
    options.access_keys = names.map(|name| (name.clone(), access_key_of(&name))).collect();
    let logs = Arc::clone(logs);
    options.output = Arc::new(move |line| logs.write(line));
    options.queues = Some(queues.clone());
    options
}

/// The functions behind the routes.
struct Functions(LambdaHost);

impl Invoke for Functions {
    fn invoke<'a>(&'a self, function: &'a str, payload: bytes::Bytes) -> Invocation<'a> {
        Box::pin(async move {
            let invocation =
                self.0.invoke(function, payload).await.map_err(|error| error.to_string())?;
            Ok(InvokeReply {
                payload: invocation.payload,
                function_error: invocation.function_error,
            })
        })
    }
}
