//! The command line.

mod arguments;
mod check;
mod demo;
mod deployment;
mod events;
mod projections;
mod republish;
mod shared;
mod simulate;
mod telemetry;
mod up;

use std::{collections::BTreeMap, error::Error, path::PathBuf, process::ExitCode};

use clap::Parser;
use http_api::caller_id;
use local_stack::{Ports, StackOptions, build, console};
use tokio::signal;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{
    Shop,
    load::{self, LoadOptions},
    otlp::{Endpoint, Exporter},
    seed,
    shop::{self, ExternalServices, STACK_NAME},
};
use arguments::{Arguments, Command};
use demo::Wanted;
use shared::Shared;

/// Ledgers and archives begin anew with each run, and so must the tables they are compared with.
const DATA: &str = "--data is for `orderly up`: `demo` and `load` begin with empty tables";

/// The clients of these have names for tokens.
const ISSUER: &str = "--issuer is for `orderly up`: `demo` and `load` have no tokens of it";
/// What an id is made of.
const NO_ISSUER: &str = "whose customer? give --issuer, as it stands in the claim `iss`";
/// What tokens are checked against.
const NO_AUDIENCE: &str = "--issuer needs --audience: whom the tokens are for";

/// Carries out the command line. Succeeds if everything held that must hold.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    observe(arguments.shared.logs);
    match carry_out(arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            console::complain("orderly", error.as_ref());
            ExitCode::from(2)
        }
    }
}

/// What the stack itself has to say goes to standard error: only what is serious, unless logs are
/// asked for.
fn observe(logs: bool) {
    let level = if logs { LevelFilter::INFO } else { LevelFilter::ERROR };
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

async fn carry_out(arguments: Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { shared, command } = arguments;
    match command.unwrap_or(Command::Up) {
        Command::Up if shared.issuer.is_some() && shared.token_issuer().is_none() => {
            Err(NO_AUDIENCE.into())
        }
        Command::Demo { .. } | Command::Load { .. } if shared.issuer.is_some() => {
            Err(ISSUER.into())
        }
        Command::CustomerId { subject } => {
            let issuer = shared.issuer.as_deref().ok_or(NO_ISSUER)?;
            console::say(caller_id(issuer, &subject)?);
            Ok(true)
        }
        Command::Check => Ok(check::run(shared.first_port()).await?),
        Command::Trace { order } => Ok(telemetry::trace(shared.first_port(), &order).await?),
        Command::Metrics => Ok(telemetry::metrics(shared.first_port()).await?),
        Command::Projections(wanted) => projections::run(wanted).await,
        Command::Republish(wanted) => republish::run(wanted).await,
        Command::Events { question, json } => events::run(question, json, &shared),
        Command::Simulate(wanted) => simulate::run(&shared, &wanted).await,
        Command::Up => {
            let prepared =
                prepare(&shared, Ports::From(shared.first_port()), shared.parameters()).await?;
            // To be stopped is how it ends well.
            with_shop(prepared, async |shop| Ok(up::run(shop).await)).await.map(|_stopped| true)
        }
        Command::Demo { .. } | Command::Load { .. } if shared.data.is_some() => Err(DATA.into()),
        Command::Demo { kill, orders, scenario, mode } => {
            let wanted = Wanted { scenarios: scenario, orders, mode, kills: kill };
            demo::run(&shared, wanted).await
        }
        Command::Load { orders, rate } => {
            let mut prepared = prepare(&shared, shared.free_ports(), shared.parameters()).await?;
            prepared.mails = None;
            let load = LoadOptions { orders, rate };
            with_shop(prepared, async |shop| Ok(load::run(shop, load).await?)).await
        }
    }
}

/// A shop that is ready to be started.
struct Prepared {
    options: StackOptions,
    /// The directory where each mail is kept as a file, if it is.
    mails: Option<PathBuf>,
    /// Where spans are sent, if they are.
    otlp: Option<Endpoint>,
}

/// Finds the template and compiles the functions that it has with these parameters.
async fn prepare(
    shared: &Shared,
    ports: Ports,
    parameters: BTreeMap<String, String>,
) -> Result<Prepared, Box<dyn Error>> {
    let otlp = shared.otlp()?;
    let template_path = shared.template()?;
    let template = shop::load_template_with(&template_path, &parameters)?;
    let (binaries, files) = match &shared.binaries {
        // The machine may have other users: a folder of our own, of an unpredictable name.
        Some(directory) => {
            let prefix = format!("{STACK_NAME}-");
            (directory.clone(), tempfile::Builder::new().prefix(&prefix).tempdir()?.keep())
        }
        None => {
            let output = build::Output::of_this_program()?;
            let files = output.target.join(STACK_NAME);
            (build::functions(&template, &template_path, &output).await?, files)
        }
    };
    let mut options = StackOptions::new(template_path, binaries);
    options.ports = ports;
    options.disorder = shared.disorder();
    options.environment = shared.environment();
    options.parameters = parameters;
    options.secrets = shared.secrets();
    options.logs.directory = Some(files.join("logs"));
    options.logs.shown = shared.logs;
    options.data = shared.data.clone();
    options.issuer = shared.token_issuer();
    Ok(Prepared { options, mails: Some(mails(shared, files)), otlp })
}

/// Mails lie with the data they are about.
fn mails(shared: &Shared, files: PathBuf) -> PathBuf {
    shared.data.clone().unwrap_or(files).join("mails")
}

/// Starts a shop, has `work` done with it, and stops it, whatever comes of the work. Work that is
/// interrupted has not succeeded.
async fn with_shop(
    prepared: Prepared,
    work: impl AsyncFnOnce(&Shop) -> Result<bool, Box<dyn Error>>,
) -> Result<bool, Box<dyn Error>> {
    let Prepared { options, mails, otlp } = prepared;
    let shop = Shop::start_within(options, ExternalServices::new(mails)).await?;
    let telemetry = shop.logs().telemetry();
    let exporter = otlp.map(|endpoint| Exporter::start(endpoint, telemetry)).transpose()?;
    let outcome = tokio::select! {
        outcome = async {
            seed::seed(&shop).await?;
            work(&shop).await
        } => outcome,
        () = told_to_stop() => Ok(false),
    };
    shop.stop().await;
    if let Some(exporter) = exporter {
        exporter.finish(telemetry).await;
    }
    outcome
}

/// Ctrl-C, or the signal that service managers send.
async fn told_to_stop() {
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        // Without a handler there is nothing to wait for but the other signal.
        Ok(()) = signal::ctrl_c() => (),
        () = terminated => (),
    }
}
