//! The bus: event buses, their archives and the rules that define who consumes what.

pub use local_core::RetryPolicy;
use serde_json::Value;

use crate::{
    error::{Place, TemplateError},
    physical::{arn, bus_name, rule_arn},
    properties::Properties,
    queue::seconds,
};

/// The bus that every account has.
pub(crate) const DEFAULT_BUS: &str = "default";
/// How many targets a rule may have.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>.
const TARGETS_MAX: usize = 5;

/// An `AWS::Events::EventBus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bus {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in EventBridge.
    pub name: String,
    /// What `!GetAtt Bus.Arn` gives.
    pub arn: String,
}

/// An `AWS::Events::Archive`.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in EventBridge.
    pub name: String,
    /// The name of the bus whose events it keeps.
    pub bus: String,
    /// For how many days it keeps them; for ever if not given.
    pub retention_days: Option<u32>,
    /// Which events it keeps; all if not given.
    pub pattern: Option<Value>,
}

/// An `AWS::Events::Rule`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in EventBridge.
    pub name: String,
    /// What `!GetAtt Rule.Arn` gives.
    pub arn: String,
    /// The name of the bus it listens to.
    pub bus: String,
    /// Whether it is at work.
    pub enabled: bool,
    /// The events it matches.
    pub pattern: Value,
    /// Where it hands them.
    pub targets: Vec<Target>,
}

/// A target of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name within the rule.
    pub id: String,
    /// ARN of the queue or function.
    pub arn: String,
    /// How long and how often a *delivery* is tried again. What the target then does with an
    /// event is no concern of the rule.
    pub retry: RetryPolicy,
    /// ARN of the queue for events that could not be delivered. Without one they are lost.
    pub dead_letter_arn: Option<String>,
}

pub(crate) fn read_bus(
    logical_id: &str,
    name: String,
    mut properties: Properties,
) -> Result<Bus, TemplateError> {
    // Unlike other resources, a bus gets no name from CloudFormation.
    properties.text("Name")?;
    properties.pass_over(&["Description", "KmsKeyIdentifier", "LogConfig", "Policy", "Tags"]);
    // Takes what the bus cannot encrypt or decrypt, and nothing is encrypted here.
    dead_letter_arn(&mut properties)?;
    properties.done()?;
    let arn = arn("events", &format!("event-bus/{name}"));
    Ok(Bus { logical_id: logical_id.to_owned(), name, arn })
}

pub(crate) fn read_archive(
    logical_id: &str,
    name: String,
    mut properties: Properties,
) -> Result<Archive, TemplateError> {
    let archive = Archive {
        logical_id: logical_id.to_owned(),
        name,
        bus: bus_name(&properties.text("SourceArn")?).to_owned(),
        // 0 is AWS's way to say for ever.
        retention_days: properties.whole("RetentionDays", 0..=u32::MAX)?.filter(|days| *days > 0),
        pattern: properties.take("EventPattern"),
    };
    properties.pass_over(&["ArchiveName", "Description", "KmsKeyIdentifier"]);
    properties.done()?;
    Ok(archive)
}

pub(crate) fn read_rule(
    logical_id: &str,
    name: String,
    mut properties: Properties,
) -> Result<Rule, TemplateError> {
    let bus = properties.text_if_any("EventBusName")?;
    let bus = bus.as_deref().map_or(DEFAULT_BUS, bus_name).to_owned();
    let rule = Rule {
        logical_id: logical_id.to_owned(),
        arn: rule_arn(&bus, &name),
        name,
        bus,
        enabled: properties
            .choice("State", &[("ENABLED", true), ("DISABLED", false)])?
            .unwrap_or(true),
        pattern: properties.required("EventPattern")?,
        targets: targets(&mut properties)?,
    };
    if !rule.pattern.is_object() {
        return Err(properties.place().child("EventPattern").invalid("must be an object"));
    }
    properties.pass_over(&["Name", "Description", "Tags"]);
    properties.done()?;
    Ok(rule)
}

fn targets(rule: &mut Properties) -> Result<Vec<Target>, TemplateError> {
    let targets = rule
        .list("Targets")?
        .into_iter()
        .map(|(place, value)| target(Properties::new(place, value)?))
        .collect::<Result<Vec<_>, _>>()?;
    let place = rule.place().child("Targets");
    if targets.len() > TARGETS_MAX {
        let problem = format!("are {}, a rule has at most {TARGETS_MAX}", targets.len());
        return Err(place.invalid(problem));
    }
    unique_ids(&targets, &place)?;
    Ok(targets)
}

fn unique_ids(targets: &[Target], place: &Place) -> Result<(), TemplateError> {
    for (index, target) in targets.iter().enumerate() {
        if targets.iter().take(index).any(|earlier| earlier.id == target.id) {
            return Err(place.invalid(format!("the id {} is given twice", target.id)));
        }
    }
    Ok(())
}

fn target(mut properties: Properties) -> Result<Target, TemplateError> {
    let target = Target {
        id: properties.text("Id")?,
        arn: properties.text("Arn")?,
        retry: retry_policy(&mut properties)?,
        dead_letter_arn: dead_letter_arn(&mut properties)?,
    };
    properties.done()?;
    Ok(target)
}

/// The queue of a `DeadLetterConfig`, for what a rule or a schedule could not deliver.
pub(crate) fn dead_letter_arn(
    properties: &mut Properties,
) -> Result<Option<String>, TemplateError> {
    let Some(mut config) = properties.object("DeadLetterConfig")? else { return Ok(None) };
    let arn = config.text("Arn")?;
    config.done()?;
    Ok(Some(arn))
}

/// The `RetryPolicy` of a rule's target or of a schedule. Limits and defaults are the same:
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html>,
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html>.
pub(crate) fn retry_policy(properties: &mut Properties) -> Result<RetryPolicy, TemplateError> {
    let (mut age, mut retries) = (None, None);
    if let Some(mut properties) = properties.object("RetryPolicy")? {
        age = properties.whole("MaximumEventAgeInSeconds", 60..=86_400)?;
        retries = properties.whole("MaximumRetryAttempts", 0..=185)?;
        properties.done()?;
    }
    Ok(RetryPolicy { age_max: seconds(age, 86_400), retries_max: retries.unwrap_or(185) })
}
