//! What can be asked of every command.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::Args;
use local_gateway::TokenIssuer;
use local_stack::{Disorder, Ports};

use crate::otlp::{Endpoint, WrongEndpoint};

/// The port of the AWS endpoint, unless another is asked for.
const FIRST_PORT: u16 = 9000;
/// Where the template lies in the repository.
const TEMPLATE: &str = "infra/template.yaml";
/// The longest that a shuffled delivery is held.
const DELAY_MAX: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(super) struct Shared {
    /// The port of the AWS endpoint; HTTP API and stand-ins are 2 and 3 above
    /// (default: 9000, and free ports for `demo` and `load`)
    #[arg(long, global = true, value_name = "PORT")]
    port: Option<u16>,
    /// Keep tables in this directory from one run to the next (queues, the bus and executions of
    /// state machines begin anew)
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// The SAM template (default: infra/template.yaml, here or in a directory above)
    #[arg(long, global = true, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Run the compiled functions in this directory instead of building them
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) binaries: Option<PathBuf>,
    /// Set an environment variable of a function, e.g. `relay:RUST_LOG=debug`
    #[arg(long = "env", global = true, value_name = "FUNCTION:KEY=VALUE")]
    environment: Vec<Variable>,
    /// Set a parameter of the template, e.g. `EventRetentionDays=30`
    #[arg(long = "parameter", global = true, value_name = "NAME=VALUE")]
    parameters: Vec<Parameter>,
    /// Keep a secret for the functions to read, by its name or ARN, e.g.
    /// `orderly/carrier-api-key=carrier_123`
    #[arg(long = "secret", global = true, value_name = "NAME=VALUE")]
    secrets: Vec<Kept>,
    /// Let in those alone who have a token of this issuer, checked as API Gateway checks it
    /// (default: a token is a name, as in `Bearer alice`)
    #[arg(long, global = true, value_name = "URL", value_parser = issuer)]
    pub(super) issuer: Option<String>,
    /// Whom the tokens of --issuer are for: their `aud`, or else `client_id`
    #[arg(long, global = true, value_name = "NAME", requires = "issuer")]
    audience: Option<String>,
    /// Send the spans of `up` and `load` to the OTLP/HTTP endpoint of a collector, e.g.
    /// `http://127.0.0.1:4318`
    #[arg(long, global = true, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp: Option<String>,
    /// Show the functions' logs (they are kept in target/orderly/logs as well)
    #[arg(long, global = true)]
    pub(super) logs: bool,
    /// Deliver every event twice
    #[arg(long, global = true)]
    duplicate: bool,
    /// Deliver events late and in any order
    #[arg(long, global = true)]
    shuffle: bool,
    /// What random choices start from
    #[arg(long, global = true, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

/// `FUNCTION:KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    function: String,
    name: String,
    value: String,
}

impl FromStr for Variable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').and_then(|(function, rest)| {
            let (name, value) = rest.split_once('=')?;
            (!function.is_empty() && !name.is_empty()).then_some((function, name, value))
        });
        let (function, name, value) = parts.ok_or("write FUNCTION:KEY=VALUE")?;
        let [function, name, value] = [function, name, value].map(str::to_owned);
        Ok(Self { function, name, value })
    }
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    name: String,
    value: String,
}

impl FromStr for Parameter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = parts.ok_or("write NAME=VALUE")?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// `NAME=VALUE`, whose value is not shown.
#[derive(Clone, PartialEq, Eq)]
struct Kept(Parameter);

impl FromStr for Kept {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&self.0.name).finish_non_exhaustive()
    }
}

fn issuer(text: &str) -> Result<String, &'static str> {
    let is_url = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    if is_url { Ok(text.to_owned()) } else { Err("write a URL, as it stands in the claim `iss`") }
}

pub(super) fn rate(text: &str) -> Result<f64, &'static str> {
    let rate: f64 = text.parse().map_err(|_| "write a number")?;
    if (0.01..=100_000.0).contains(&rate) { Ok(rate) } else { Err("write 0.01 to 100000") }
}

/// There is no template to read.
#[derive(Debug, thiserror::Error)]
#[error(
    "no {TEMPLATE} here or in a directory above: go to the repository, or name one with --template"
)]
pub(super) struct NoTemplate;

impl Shared {
    pub(super) fn first_port(&self) -> u16 {
        self.port.unwrap_or(FIRST_PORT)
    }

    /// For runs whose ports need not be known: those that were asked for, or any.
    pub(super) fn free_ports(&self) -> Ports {
        self.port.map_or(Ports::Any, Ports::From)
    }

    pub(super) fn template(&self) -> Result<PathBuf, NoTemplate> {
        match &self.template {
            Some(path) => Ok(path.clone()),
            None => find_above(Path::new(TEMPLATE)).ok_or(NoTemplate),
        }
    }

    pub(super) fn disorder(&self) -> Disorder {
        Disorder {
            duplicate: self.duplicate,
            shuffle: self.shuffle,
            seed: self.seed,
            max_delay: DELAY_MAX,
        }
    }

    /// The last value that is given to a parameter holds.
    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        let issuer = self.token_issuer().into_iter().flat_map(|TokenIssuer { url, audience }| {
            [("JwtIssuer".to_owned(), url), ("JwtAudience".to_owned(), audience)]
        });
        issuer.chain(self.parameters.iter().map(|it| (it.name.clone(), it.value.clone()))).collect()
    }

    /// The last value that is given to a secret holds.
    pub(super) fn secrets(&self) -> BTreeMap<String, String> {
        self.secrets.iter().map(|Kept(it)| (it.name.clone(), it.value.clone())).collect()
    }

    /// Where spans are sent, if they are. As OpenTelemetry asks for, an empty variable is none.
    pub(super) fn otlp(&self) -> Result<Option<Endpoint>, WrongEndpoint> {
        self.otlp.as_deref().filter(|url| !url.trim().is_empty()).map(str::parse).transpose()
    }

    /// Who issues tokens, if they are more than names.
    pub(super) fn token_issuer(&self) -> Option<TokenIssuer> {
        let (url, audience) = self.issuer.clone().zip(self.audience.clone())?;
        Some(TokenIssuer { url, audience })
    }

    pub(super) fn environment(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut environment: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for Variable { function, name, value } in self.environment.clone() {
            environment.entry(function).or_default().insert(name, value);
        }
        environment
    }
}

/// Something of the repository, here or in a directory above.
pub(super) fn find_above(name: &Path) -> Option<PathBuf> {
    find(&std::env::current_dir().ok()?, name)
}

fn find(here: &Path, name: &Path) -> Option<PathBuf> {
    here.ancestors().map(|directory| directory.join(name)).find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Given {
        _command: Option<String>,
        #[command(flatten)]
        shared: Shared,
    }

    fn parse(line: &str) -> Shared {
        Given::try_parse_from(line.split_whitespace()).unwrap().shared
    }

    #[test]
    fn ports_are_fixed_only_for_those_who_look_for_them() {
        assert_eq!(parse("orderly").first_port(), 9000);
        assert_eq!(parse("orderly demo").free_ports(), Ports::Any);
        assert_eq!(parse("orderly demo --port 7000").free_ports(), Ports::From(7000));
    }

    #[test]
    fn variables_are_gathered_by_function() {
        let line = "orderly up --env relay:RUST_LOG=debug --env relay:URL=http://a:1/?b=c";
        let environment = parse(line).environment();
        assert_eq!(environment["relay"]["URL"], "http://a:1/?b=c");
        assert_eq!(environment["relay"].len(), 2);
        for wrong in ["relay", "relay:KEY", ":KEY=value", "relay:=value"] {
            assert!(wrong.parse::<Variable>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_given_by_name() {
        let line =
            "orderly demo --parameter Mode=a --parameter Url=http://a/?b=c --parameter Mode=";
        let parameters = parse(line).parameters();
        let expected = [("Mode", ""), ("Url", "http://a/?b=c")];
        assert_eq!(parameters, expected.map(|(name, value)| (name.into(), value.into())).into());
        for wrong in ["Mode", "=value", ""] {
            assert!(wrong.parse::<Parameter>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_given_by_name_and_not_shown() {
        let shared = parse("orderly up --secret orderly/carrier-api-key=hush==");
        assert_eq!(shared.secrets()["orderly/carrier-api-key"], "hush==");
        assert!(!format!("{shared:?}").contains("hush"));
        let wrong = Given::try_parse_from(["orderly", "--secret", "=hush"]).unwrap_err();
        assert!(wrong.to_string().contains("write NAME=VALUE"), "{wrong}");
    }

    #[test]
    fn spans_are_sent_where_a_collector_is_named() {
        let given = |url: &str| parse(&format!("orderly up --otlp={url}")).otlp();
        assert_eq!(given("").unwrap(), None);
        assert!(given("http://127.0.0.1:4318").unwrap().is_some());
        assert!(given("grpc://127.0.0.1:4317").is_err());
    }

    #[test]
    fn an_issuer_has_an_audience_and_both_are_parameters() {
        let shared = parse("orderly up --issuer http://127.0.0.1:8080 --audience shop");
        assert_eq!(shared.token_issuer().unwrap().audience, "shop");
        assert_eq!(shared.parameters()["JwtIssuer"], "http://127.0.0.1:8080");
        assert_eq!(parse("orderly up").token_issuer(), None);
        for wrong in ["--audience a", "--issuer a --audience b"] {
            let line = format!("orderly up {wrong}");
            assert!(Given::try_parse_from(line.split_whitespace()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_template_is_found_from_below() {
        let repository = tempfile::tempdir().unwrap();
        let below = repository.path().join("functions/order");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::create_dir(repository.path().join("infra")).unwrap();
        std::fs::write(repository.path().join(TEMPLATE), "").unwrap();
        let found = find(&below, Path::new(TEMPLATE));
        assert_eq!(found, Some(repository.path().join(TEMPLATE)));
    }
}
