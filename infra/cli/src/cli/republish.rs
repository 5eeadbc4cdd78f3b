//! `orderly republish`: what a stream has forgotten is published all the same.

use std::error::Error;

use aws_clients::Aws;
use clap::Args;
use indicatif::ProgressBar;
use local_stack::console::{bad, good, say};
use projector::view::OrderViews;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::deployment::Deployment;
use crate::projections::Operator;
use crate::republish::{HttpRelay, Options, Republisher, Window};

/// What to publish, of which stack.
#[derive(Debug, Clone, PartialEq, Args)]
pub(super) struct Republish {
    /// Events from then on, e.g. `2026-01-31T10:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: OffsetDateTime,
    /// Events before then (default: now)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<OffsetDateTime>,
    #[command(flatten)]
    deployment: Deployment,
    /// Only count; fails if something is missing
    #[arg(long)]
    dry_run: bool,
    /// The most events in a second
    #[arg(long, value_name = "N", value_parser = super::shared::rate)]
    rate: Option<f64>,
}

fn instant(text: &str) -> Result<OffsetDateTime, &'static str> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "write a time as in 2026-01-31T10:00:00Z")
}

#[expect(clippy::disallowed_methods, reason = "what is stored from now on is the stream's")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Publishes what is not proven to be published, and shows what it found.
pub(super) async fn run(wanted: Republish) -> Result<bool, Box<dyn Error>> {
    let Republish { since, until, deployment, rate, dry_run } = &wanted;
    let stack = &deployment.stack;
    let window = Window { since: *since, until: until.unwrap_or_else(now) };
    let options = Options { window, is_dry: *dry_run, rate: *rate };
    let env = deployment.environment()?;
    let relay = HttpRelay::new(env.clone(), &format!("{stack}-relay"))?;
    let database = Aws::new(env)?.dynamodb();
    let views = Operator::new::<OrderViews>(database.clone(), stack);
    let read = views.status().await?.placement.reads;
    let views = views.tables().of(read).to_owned();
    let republisher = Republisher::new(database, views, relay, options);
    let bar = ProgressBar::new_spinner();
    let report = republisher
        .run(|report| {
            let total = report.total();
            let (stored, republished) = (total.stored, total.republished);
            bar.set_message(format!("{stored} events seen, {republished} published again"));
            bar.tick();
        })
        .await;
    bar.finish_and_clear();
    let report = report?;
    say(&report);
    let total = report.total();
    match (report.is_complete(), dry_run) {
        (true, true) => say(good(format_args!(
            "nothing is missing for certain; {} not provable",
            total.unprovable
        ))),
        (true, false) => say(good(format_args!("{} events published again", total.republished))),
        (false, true) => say(bad(format_args!("{} events are missing", total.missing))),
        (false, false) => say(bad(format_args!(
            "{} events could not be published, or something cannot be read: see above, and run it again",
            total.failed
        ))),
    }
    Ok(report.is_complete())
}
