//! `simulate`: many simulated worlds. `orderly simulate` builds and runs it.

use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use local_stack::console::{bad, good, say};
use simulation::campaign::Campaign;

/// How the progress is shown.
const BAR: &str = "{bar:32} {pos} of {len} worlds, {msg} {elapsed}, {eta} left";

/// Plays simulated worlds on virtual time, with faults from seeds, and checks the invariants.
#[derive(Debug, Parser)]
#[command(name = "simulate", version)]
struct Arguments {
    #[command(flatten)]
    campaign: orderly::simulate::Campaign,
}

fn main() -> ExitCode {
    let campaign = Campaign::from(Arguments::parse().campaign);
    let bar = ProgressBar::new(campaign.worlds());
    // Only a template that does not parse is refused, and this one is a constant.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    let summary = campaign.play(|run| {
        if !run.holds() {
            bar.set_message(format!("seed {} failed,", run.seed));
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    for failure in campaign.explain_first(&summary) {
        say(failure);
    }
    say(&summary);
    if summary.holds() {
        say(good("every invariant held in every world"));
        ExitCode::SUCCESS
    } else {
        say(bad("an invariant broke: see above"));
        ExitCode::FAILURE
    }
}
