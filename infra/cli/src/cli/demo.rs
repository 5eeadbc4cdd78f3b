//! `orderly demo`: which scenarios, in which modes, on which stacks.

use std::{error::Error, time::Duration};

use clap::ValueEnum;
use local_stack::{
    Redelivery, SchedulePace,
    console::{heading, say},
};

use super::{prepare, shared::Shared, with_shop};
use crate::demo::{self, DemoOptions, Scenario};

/// What stands for all scenarios.
const EVERY_SCENARIO: &str = "all";
/// How often a demonstration invokes scheduled functions: a viewer does not wait for a minute.
const SCHEDULES: Duration = Duration::from_secs(1);

/// The fulfilment mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// The services, each on the events of the others
    Choreography,
    /// A workflow
    Orchestration,
    /// One after the other
    Both,
}

impl Mode {
    /// The values of the template's parameter.
    const fn each(self) -> &'static [&'static str] {
        match self {
            Self::Choreography => &["choreography"],
            Self::Orchestration => &["orchestration"],
            Self::Both => &["choreography", "orchestration"],
        }
    }
}

/// What to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) scenarios: Vec<String>,
    pub(super) orders: usize,
    pub(super) mode: Option<Mode>,
    pub(super) kills: bool,
}

/// Plays the scenarios, in each mode on a stack of its own. Whether everything held.
pub(super) async fn run(shared: &Shared, wanted: Wanted) -> Result<bool, Box<dyn Error>> {
    let scenarios = selected(&wanted)?;
    let is_usual = wanted.scenarios.is_empty();
    let mode = wanted.mode.unwrap_or(if is_usual { Mode::Choreography } else { Mode::Both });
    let mut holds = true;
    for mode in mode.each() {
        let mut parameters = demo::parameters(mode);
        parameters.extend(shared.parameters());
        let mut prepared = prepare(shared, shared.free_ports(), parameters).await?;
        let options = &mut prepared.options;
        options.schedule_pace = SchedulePace::Every(SCHEDULES);
        if wanted.kills {
            options.redelivery = Redelivery::Soon;
        }
        let scenarios = scenarios.clone();
        let options_of_demo = DemoOptions { scenarios, kills: wanted.kills, seed: shared.seed };
        say(format_args!("\n{}", heading(mode)));
        holds &=
            with_shop(prepared, async |shop| Ok(demo::run(shop, options_of_demo).await?)).await?;
    }
    Ok(holds)
}

/// The scenarios of these names, in the order in which they are played; without any, the usual ones
/// over and over.
fn selected(wanted: &Wanted) -> Result<Vec<&'static Scenario>, Box<dyn Error>> {
    if wanted.scenarios.is_empty() {
        return Ok(demo::usual(wanted.orders.max(1)));
    }
    let mut selected = Vec::new();
    for name in &wanted.scenarios {
        match demo::find(name) {
            Some(scenario) => selected.push(scenario),
            None if name == EVERY_SCENARIO => selected.extend(demo::ALL),
            None => {
                let known: Vec<_> = demo::ALL.iter().map(|it| it.name).collect();
                let known = known.join(", ");
                return Err(format!("there is no scenario {name:?}; use all, {known}").into());
            }
        }
    }
    Ok(selected)
}
