//! Event source mappings: which function works on which queue or stream, and how.

use std::time::Duration;

use serde_json::Value;

use crate::{
    error::TemplateError, physical::function_name, properties::Properties, queue::seconds,
};

/// A queue's batch may not be larger than this without a batching window.
const UNWINDOWED_BATCH_MAX: u32 = 10;

/// The quota of filters, unless it was raised.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>.
const FILTERS_MAX: usize = 5;

/// An `AWS::Lambda::EventSourceMapping`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Its name in the template.
    pub logical_id: String,
    /// The name of the function that is invoked.
    pub function: String,
    /// Whether it is at work.
    pub enabled: bool,
    /// The most records in one invocation.
    pub batch_size: u32,
    /// How long records are gathered before an invocation.
    pub batching_window: Duration,
    /// Whether the function's answer names the records that failed; if not, the batch fails whole.
    pub reports_item_failures: bool,
    /// Patterns of which a record must match one; every record passes if there are none.
    pub filters: Vec<Value>,
    /// Where the records come from.
    pub source: Source,
}

/// The source of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A queue.
    Queue {
        /// Its ARN.
        arn: String,
        /// How many invocations may run at a time, if limited.
        concurrency_max: Option<u32>,
    },
    /// A table's stream.
    Stream {
        /// The stream's ARN.
        arn: String,
        /// Where reading begins.
        starting_position: StartingPosition,
        /// Whether a failed batch is split in two before it is tried again.
        bisects: bool,
        /// Tries after the first; until the records expire if not given.
        retries_max: Option<u32>,
        /// Records older than this are discarded; not before they expire if not given.
        age_max: Option<Duration>,
        /// ARN of the queue that is notified of discarded records.
        on_failure_arn: Option<String>,
        /// How many batches of one shard may be worked on at a time.
        parallelization: u32,
    },
}

/// Where the reading of a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record there is.
    TrimHorizon,
    /// With the records that come from now on.
    Latest,
}

impl Source {
    /// The ARN of the queue or stream.
    #[must_use]
    pub fn arn(&self) -> &str {
        match self {
            Self::Queue { arn, .. } | Self::Stream { arn, .. } => arn,
        }
    }
}

/// Limits and defaults:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>.
pub(crate) fn read(logical_id: &str, mut properties: Properties) -> Result<Mapping, TemplateError> {
    let arn = properties.text("EventSourceArn")?;
    let is_queue = arn.starts_with("arn:aws:sqs:");
    let is_stream = arn.starts_with("arn:aws:dynamodb:") && arn.contains("/stream/");
    if !is_queue && !is_stream {
        let problem = format!("{arn} is neither a queue nor a table's stream");
        return Err(properties.place().child("EventSourceArn").invalid(problem));
    }
    let batch_size = properties.whole("BatchSize", 1..=10_000)?;
    let batching_window = seconds(properties.whole("MaximumBatchingWindowInSeconds", 0..=300)?, 0);
    let batch_size = batch_size.unwrap_or(if is_queue { 10 } else { 100 });
    if is_queue && batch_size > UNWINDOWED_BATCH_MAX && batching_window.is_zero() {
        let problem = "above 10 needs MaximumBatchingWindowInSeconds of at least 1";
        return Err(properties.place().child("BatchSize").invalid(problem));
    }
    let mapping = Mapping {
        logical_id: logical_id.to_owned(),
        function: function_name(&properties.text("FunctionName")?).to_owned(),
        enabled: properties.flag("Enabled")?.unwrap_or(true),
        batch_size,
        batching_window,
        reports_item_failures: reports_item_failures(&mut properties)?,
        filters: filters(&mut properties)?,
        source: if is_queue { queue(arn, &mut properties)? } else { stream(arn, &mut properties)? },
    };
    properties.pass_over(&["KmsKeyArn", "MetricsConfig", "Tags"]);
    properties.done()?;
    Ok(mapping)
}

fn reports_item_failures(properties: &mut Properties) -> Result<bool, TemplateError> {
    let types = properties.list("FunctionResponseTypes")?;
    match types.iter().find(|(_, it)| it != "ReportBatchItemFailures") {
        Some((place, unknown)) => Err(place.invalid(format!("{unknown} is not known"))),
        None => Ok(!types.is_empty()),
    }
}

fn filters(properties: &mut Properties) -> Result<Vec<Value>, TemplateError> {
    let Some(mut criteria) = properties.object("FilterCriteria")? else { return Ok(Vec::new()) };
    let filters = criteria.list("Filters")?;
    if filters.len() > FILTERS_MAX {
        let problem = format!("has {} filters, at most {FILTERS_MAX} are allowed", filters.len());
        return Err(criteria.place().child("Filters").invalid(problem));
    }
    let filters = filters
        .into_iter()
        .map(|(place, value)| {
            let mut filter = Properties::new(place, value)?;
            let pattern = filter.text("Pattern")?;
            let place = filter.place().child("Pattern");
            filter.done()?;
            match serde_json::from_str(&pattern) {
                Ok(pattern @ Value::Object(_)) => Ok(pattern),
                Ok(_) => Err(place.invalid("must be a JSON object")),
                Err(error) => Err(place.invalid(format!("is not JSON: {error}"))),
            }
        })
        .collect::<Result<_, _>>()?;
    criteria.done()?;
    Ok(filters)
}

fn queue(arn: String, properties: &mut Properties) -> Result<Source, TemplateError> {
    let Some(mut scaling) = properties.object("ScalingConfig")? else {
        return Ok(Source::Queue { arn, concurrency_max: None });
    };
    let concurrency_max = scaling.whole("MaximumConcurrency", 2..=1_000)?;
    scaling.done()?;
    Ok(Source::Queue { arn, concurrency_max })
}

fn stream(arn: String, properties: &mut Properties) -> Result<Source, TemplateError> {
    let positions =
        [("TRIM_HORIZON", StartingPosition::TrimHorizon), ("LATEST", StartingPosition::Latest)];
    let starting_position =
        properties.choice("StartingPosition", &positions)?.ok_or_else(|| {
            properties.place().child("StartingPosition").invalid("is required for a stream")
        })?;
    let age_max = properties.whole_or_unlimited("MaximumRecordAgeInSeconds", 60..=604_800)?;
    Ok(Source::Stream {
        arn,
        starting_position,
        bisects: properties.flag("BisectBatchOnFunctionError")?.unwrap_or(false),
        retries_max: properties.whole_or_unlimited("MaximumRetryAttempts", 0..=10_000)?,
        age_max: age_max.map(|age| Duration::from_secs(age.into())),
        on_failure_arn: on_failure(properties)?,
        parallelization: properties.whole("ParallelizationFactor", 1..=10)?.unwrap_or(1),
    })
}

/// The destination of what has failed for good, of a mapping's or a function's `DestinationConfig`.
pub(crate) fn on_failure(properties: &mut Properties) -> Result<Option<String>, TemplateError> {
    let Some(mut config) = properties.object("DestinationConfig")? else { return Ok(None) };
    let destination = match config.object("OnFailure")? {
        Some(mut on_failure) => {
            let destination = on_failure.text("Destination")?;
            // SAM asks for the type beside the ARN that says it already.
            on_failure.pass_over(&["Type"]);
            on_failure.done()?;
            Some(destination)
        }
        None => None,
    };
    config.done()?;
    Ok(destination)
}
