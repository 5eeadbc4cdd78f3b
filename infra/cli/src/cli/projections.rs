//! `orderly projections`: read models are built anew, compared, switched to and dropped.

use std::{collections::BTreeMap, error::Error};

use aws_clients::Aws;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use local_stack::console::{bad, good, say};
use projector::view::OrderViews;
use serde_json::Value;

use super::deployment::Deployment;
use crate::{
    projections::{Operator, Options, Status},
    republish::{HttpRelay, Relay},
};

/// Parts of a table that are read at the same time.
const SEGMENTS: u16 = 4;
/// How progress is shown.
const BAR: &str = "{bar:32} {pos} of about {len} items, {msg}, {elapsed}, about {eta} left";

/// What to do with which projection, of which stack.
#[derive(Debug, Clone, PartialEq, Args)]
pub(super) struct Projections {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    deployment: Deployment,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
enum Action {
    /// Show which table of each projection is read, and what the other has
    List,
    /// Build a projection anew in the table that is not read; goes on where it was interrupted
    Rebuild {
        /// The projection
        #[arg(value_parser = projection)]
        name: String,
        /// The most writes in a second
        #[arg(long, value_name = "N", value_parser = super::shared::rate)]
        rate: Option<f64>,
        /// Only read and count
        #[arg(long)]
        dry_run: bool,
    },
    /// Compare the table that is read with the other; fails if they differ
    Compare {
        /// The projection
        #[arg(value_parser = projection)]
        name: String,
    },
    /// Read the other table from now on, if it has the same
    Switch {
        /// The projection
        #[arg(value_parser = projection)]
        name: String,
        /// Switch although rows differ
        #[arg(long)]
        accept_differences: bool,
    },
    /// Empty the table that is not read, and write to it no more
    Drop {
        /// The projection
        #[arg(value_parser = projection)]
        name: String,
    },
}

/// The name of a projection that there is.
fn projection(text: &str) -> Result<String, String> {
    let known = <OrderViews as projection::Projection>::NAME;
    if text == known { Ok(text.to_owned()) } else { Err(format!("the projections are: {known}")) }
}

/// Does it, and shows what came of it; whether all is well.
pub(super) async fn run(wanted: Projections) -> Result<bool, Box<dyn Error>> {
    let Projections { action, deployment } = wanted;
    let env = deployment.environment()?;
    let database = Aws::new(env.clone())?.dynamodb();
    let operator = Operator::new::<OrderViews>(database.clone(), &deployment.stack);
    let bar = ProgressBar::new_spinner();
    let is_well = match action {
        Action::List => {
            show(&operator, operator.status().await?);
            true
        }
        Action::Rebuild { rate, dry_run, .. } => {
            let relay = HttpRelay::new(env, &format!("{}-relay", deployment.stack))?;
            let tables: BTreeMap<String, Value> = serde_json::from_str(&relay.publishes().await?)?;
            let sources: Vec<String> = tables.into_keys().collect();
            bar.set_length(count(&database, &sources).await);
            if let Ok(style) = ProgressStyle::with_template(BAR) {
                bar.set_style(style);
            }
            let options = Options { sources, segments: SEGMENTS, rate, is_dry: dry_run };
            rebuild(&operator, &options, &bar).await?
        }
        Action::Compare { .. } => {
            let parity = operator
                .compare(|so_far| bar.set_message(format!("{} rows are equal", so_far.equal)))
                .await?;
            bar.finish_and_clear();
            say(&parity);
            parity.is_equal()
        }
        Action::Switch { accept_differences, .. } => {
            let placement = operator.switch(accept_differences).await?;
            let table = operator.tables().of(placement.reads);
            say(good(format_args!("{table} is read, version {}", placement.version)));
            true
        }
        Action::Drop { .. } => {
            bar.set_message("every process is told first");
            let removed =
                operator.drop_other(|rows| bar.set_message(format!("{rows} rows removed"))).await?;
            bar.finish_and_clear();
            say(good(format_args!("{removed} rows removed, one table is left")));
            true
        }
    };
    bar.finish_and_clear();
    Ok(is_well)
}

async fn rebuild(
    operator: &Operator,
    options: &Options,
    bar: &ProgressBar,
) -> Result<bool, Box<dyn Error>> {
    let done = operator
        .rebuild(options, |done| {
            bar.set_position(done.items);
            bar.set_message(format!("{} sections written", done.written));
        })
        .await?;
    bar.finish_and_clear();
    for problem in &done.problems {
        say(problem);
    }
    let (events, written) = (done.events, done.written);
    let what = if options.is_dry { "would be written" } else { "written" };
    if done.problem_count == 0 {
        say(good(format_args!("{events} events, {written} sections {what}")));
    } else {
        let problems = done.problem_count;
        say(bad(format_args!("{events} events, {written} sections {what}, {problems} problems")));
    }
    Ok(done.problem_count == 0)
}

/// How many items the tables have, as of some hours ago on AWS; only for the bar.
async fn count(database: &aws_sdk_dynamodb::Client, tables: &[String]) -> u64 {
    let mut all = 0;
    for table in tables {
        let Ok(described) = database.describe_table().table_name(table).send().await else {
            continue;
        };
        let count = described.table.and_then(|it| it.item_count).unwrap_or_default();
        all += u64::try_from(count).unwrap_or_default();
    }
    all
}

fn show(operator: &Operator, Status { placement, rebuild }: Status) {
    let (read, other) = (placement.reads, placement.reads.other());
    let tables = operator.tables();
    say(format_args!("{}", operator.name()));
    say(format_args!("  read:  {}, version {}", tables.of(read), placement.version));
    match (placement.beside, rebuild) {
        (None, _) => say(format_args!("  other: {}, not in use", tables.of(other))),
        (Some(version), Some(built)) if !built.is_complete() => say(format_args!(
            "  other: {}, version {version}, {} of {} parts built",
            tables.of(other),
            built.done,
            built.of,
        )),
        (Some(version), _) => {
            say(format_args!("  other: {}, version {version}, complete", tables.of(other)));
        }
    }
}
