//! The catalogue of events, and what the template adds to it: the consumers of each.
//!
//! Nothing is started or compiled for it: it reads the template and the published contracts.

mod asyncapi;
mod registry;
pub(crate) mod show;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use catalogue::{
    CATALOGUE, Entry,
    schema::{Files, Plan, plan},
};
use event_envelope::Version;
use local_event_pattern::{Pattern, PatternError};
use local_template::Template;
use serde::Serialize;
use serde_json::{Value, json};

pub use asyncapi::Clash;

/// The folder of the published contracts, in the repository.
pub(crate) const CONTRACTS: &str = "events/contracts";
/// The `AsyncAPI` document, in that folder.
const DOCUMENT: &str = "asyncapi.json";
/// The template of the registry of schemas, there too.
const REGISTRY: &str = "registry.yaml";

/// Every event, its publisher and its consumers, and what was published of it.
#[derive(Debug, Clone)]
pub struct Catalogue {
    root: PathBuf,
    files: Files,
    bus: String,
    cards: Vec<Card>,
}

/// An event type in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// Its name.
    pub event_type: &'static str,
    /// The current version.
    pub version: Version,
    /// What it means.
    pub description: String,
    /// The service that publishes it.
    pub publisher: &'static str,
    /// The functions that consume it, by name.
    pub consumers: Vec<String>,
    /// Every version, oldest first.
    pub versions: Vec<Edition>,
}

/// A version of an event type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edition {
    /// The version.
    pub version: Version,
    /// What it changed.
    pub change: &'static str,
}

/// One version of an event type in full.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sheet {
    /// The type.
    #[serde(flatten)]
    pub card: Card,
    /// The version that the rest is about.
    pub shown: Version,
    /// The schema of its data.
    pub schema: Value,
    /// An event of it, as it comes over the bus.
    pub sample: Value,
    /// What that event reads as now, if the version is an old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads_as: Option<Value>,
}

/// Why the catalogue cannot be shown or written.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The contracts cannot be read or written.
    #[error("{}: the published contracts cannot be used", root.display())]
    Files {
        /// Their folder.
        root: PathBuf,
        /// The system's error, and of which file.
        #[source]
        source: io::Error,
    },
    /// A rule of the template has no pattern that can be matched.
    #[error("rule {rule}: correct its EventPattern")]
    Pattern {
        /// The rule's logical id.
        rule: String,
        /// What is wrong with it.
        #[source]
        source: PatternError,
    },
    /// There is no such event.
    #[error("{0:?} is no event: `cargo run -- events` lists them")]
    NoEvent(String),
    /// The event never had such a version.
    #[error("{event_type} has no version {version}, but {known}")]
    NoVersion {
        /// The event.
        event_type: &'static str,
        /// The version asked for.
        version: Version,
        /// Those it has.
        known: String,
    },
    /// A contract is missing, or no JSON.
    #[error("{0} is missing, or no JSON: `cargo run -- events write` says what to do")]
    NoContract(String),
    /// Two schemas cannot be in one document.
    #[error(transparent)]
    Clash(#[from] Clash),
}

impl Catalogue {
    /// Reads the contracts in `root`, which is the folder `events/contracts`, and who consumes
    /// what from `template`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or a rule cannot be matched.
    pub fn open(root: &Path, template: &Template) -> Result<Self, CatalogueError> {
        let files = Files::load(root)
            .map_err(|source| CatalogueError::Files { root: root.to_owned(), source })?;
        let bus = template.buses.first().map_or_else(String::new, |bus| bus.name.clone());
        let rules = Rules::of(template)?;
        let cards = CATALOGUE.iter().map(|entry| card(entry, &files, &rules)).collect();
        Ok(Self { root: root.to_owned(), files, bus, cards })
    }

    /// Every event type.
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// All there is to know about a version of an event type: the current one, if none is named.
    ///
    /// # Errors
    ///
    /// When there is no such type or version, or its contract is missing.
    pub fn sheet(
        &self,
        event_type: &str,
        version: Option<Version>,
    ) -> Result<Sheet, CatalogueError> {
        let card = self.cards.iter().find(|card| card.event_type == event_type).cloned();
        let card = card.ok_or_else(|| CatalogueError::NoEvent(event_type.to_owned()))?;
        let shown = version.unwrap_or(card.version);
        if !card.versions.iter().any(|it| it.version == shown) {
            let known: Vec<_> = card.versions.iter().map(|it| it.version.to_string()).collect();
            let (event_type, known) = (card.event_type, known.join(", "));
            return Err(CatalogueError::NoVersion { event_type, version: shown, known });
        }
        let reads_as = (shown != card.version)
            .then(|| self.json(&format!("golden/{event_type}/{shown}-as-{}.json", card.version)));
        Ok(Sheet {
            schema: self.json(&format!("schemas/{event_type}/{shown}.json"))?,
            sample: self.json(&format!("golden/{event_type}/{shown}.json"))?,
            reads_as: reads_as.transpose()?,
            card,
            shown,
        })
    }

    /// Brings the files up to date with the code and the template, as far as that needs no
    /// decision: the contracts first, and with them what is made of them: the `AsyncAPI` document
    /// and the registry. Returns what was written, and what is to be decided.
    ///
    /// # Errors
    ///
    /// When a file cannot be written. To try again does no harm.
    pub fn write(&mut self) -> Result<Plan, CatalogueError> {
        let failed = |source| CatalogueError::Files { root: self.root.clone(), source };
        let mut plan = plan(&self.files);
        plan.apply(&self.root).map_err(failed)?;
        self.files = Files::load(&self.root).map_err(failed)?;
        for (card, entry) in self.cards.iter_mut().zip(CATALOGUE) {
            card.description = description(entry, &self.files);
        }
        if plan.problems.is_empty() {
            for (name, text) in [(DOCUMENT, self.document()?), (REGISTRY, self.registry()?)] {
                let path = self.root.join(name);
                if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                    fs::write(&path, &text).map_err(failed)?;
                    plan.write.insert(name.to_owned(), text);
                }
            }
        }
        Ok(plan)
    }

    fn json(&self, path: &str) -> Result<Value, CatalogueError> {
        let value = self.files.get(path).and_then(|text| text.parse().ok());
        value.ok_or_else(|| CatalogueError::NoContract(format!("{CONTRACTS}/{path}")))
    }
}

fn card(entry: &Entry, files: &Files, rules: &Rules) -> Card {
    let Entry { event_type, version, source, versions } = *entry;
    let sample = files.get(&format!("golden/{event_type}/{version}.json"));
    let sample = sample.and_then(|text| text.parse().ok());
    let bare = || json!({ "source": source, "detail-type": event_type });
    Card {
        event_type,
        version,
        description: description(entry, files),
        publisher: source,
        consumers: rules.consumers(&sample.unwrap_or_else(bare)),
        versions: versions
            .iter()
            .map(|it| Edition { version: it.version, change: it.change })
            .collect(),
    }
}

/// What the schema of the current version says that the event means.
fn description(entry: &Entry, files: &Files) -> String {
    let path = format!("schemas/{}/{}.json", entry.event_type, entry.version);
    let schema: Option<Value> = files.get(&path).and_then(|text| text.parse().ok());
    let description = schema.as_ref().and_then(|it| it["description"].as_str());
    description.unwrap_or_default().to_owned()
}

/// The patterns of the template's rules, each with the consumers it hands events to.
struct Rules(Vec<(Pattern, Vec<String>)>);

impl Rules {
    fn of(template: &Template) -> Result<Self, CatalogueError> {
        let rules = template.rules.iter().filter(|rule| rule.enabled).map(|rule| {
            let pattern = Pattern::parse(&rule.pattern).map_err(|source| {
                CatalogueError::Pattern { rule: rule.logical_id.clone(), source }
            })?;
            let targets = rule.targets.iter().map(|target| consumer(template, &target.arn));
            Ok((pattern, targets.collect()))
        });
        rules.collect::<Result<_, _>>().map(Self)
    }

    fn consumers(&self, event: &Value) -> Vec<String> {
        let rules = self.0.iter().filter(|(pattern, _)| pattern.matches(event));
        let mut consumers: Vec<_> = rules.flat_map(|(_, consumers)| consumers.clone()).collect();
        consumers.sort();
        consumers.dedup();
        consumers
    }
}

/// The function behind a target: the one that works on the queue, or is the target itself. Failing
/// that, the target's own name.
fn consumer(template: &Template, target: &str) -> String {
    let mapping = template.mappings.iter().find(|mapping| mapping.source.arn() == target);
    let function = match mapping {
        Some(mapping) => template.function(&mapping.function),
        None => template.functions.iter().find(|function| function.arn == target),
    };
    let own = || target.rsplit(':').next().unwrap_or(target);
    function.map_or_else(own, |function| &function.binary).to_owned()
}

#[cfg(test)]
mod tests;
