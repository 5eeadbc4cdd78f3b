//! What can be asked for.

use clap::{Parser, Subcommand};

use crate::simulate::Campaign;

use super::{
    demo::Mode,
    events::Question,
    projections::Projections,
    republish::Republish,
    shared::{Shared, rate},
};

/// The order system on one machine.
#[derive(Debug, Parser)]
#[command(name = "orderly", version, about)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) shared: Shared,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(super) enum Command {
    /// Start everything and run until Ctrl-C (the default)
    Up,
    /// Place one order of each kind, show what happens to it, and check the invariants
    Demo {
        /// Kill functions with `kill -9` while they work
        #[arg(long)]
        kill: bool,
        /// How many orders to place
        #[arg(long, value_name = "N", default_value_t = 5)]
        orders: usize,
        /// Play this scenario; `all` plays every one
        #[arg(long, value_name = "NAME", conflicts_with = "orders")]
        scenario: Vec<String>,
        /// The fulfilment mode (default: both with --scenario, choreography without)
        #[arg(long, value_enum)]
        mode: Option<Mode>,
    },
    /// Place orders at a steady rate, measure, and check the invariants
    Load {
        /// How many orders to place
        #[arg(long, value_name = "N", default_value_t = 500)]
        orders: usize,
        /// How many orders a second
        #[arg(long, value_name = "R", default_value_t = 50.0, value_parser = rate)]
        rate: f64,
    },
    /// Show the id of a customer in events and in the table of contacts, from the claims `sub` and
    /// (--issuer) `iss` of their tokens; starts nothing
    CustomerId {
        /// The claim `sub`, letter for letter
        #[arg(long, value_name = "SUB")]
        subject: String,
    },
    /// Check the invariants of a stack that is up
    Check,
    /// Show how an order went through the functions of a stack that is up
    Trace {
        /// The order's id
        order: String,
    },
    /// Show the metrics that the functions of a stack that is up have written so far
    Metrics,
    /// Read models: which table is read, build one anew, compare, switch, drop
    Projections(Projections),
    /// Publish again what the tables hold and no consumer has seen, after a stream has forgotten it
    Republish(Republish),
    /// Play many simulated worlds on virtual time, with faults from seeds, and check the invariants
    Simulate(Campaign),
    /// Show the catalogue of events: who publishes and who consumes which; starts nothing
    Events {
        #[command(subcommand)]
        question: Option<Question>,
        /// Answer in JSON
        #[arg(long, global = true)]
        json: bool,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Arguments {
        Arguments::try_parse_from(line.split_whitespace()).unwrap()
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        assert_eq!(parse("orderly").command, None);
        assert_eq!(parse("orderly load").command, Some(Command::Load { orders: 500, rate: 50.0 }));
        assert!(Arguments::try_parse_from(["orderly", "load", "--rate", "0"]).is_err());
        parse("orderly simulate --seeds 1..9 --orders 20 --profile wild --mode choreography");
        parse("orderly republish --since 2026-01-31T10:00:00Z --until 2026-02-01T16:00:00+01:00");
        for wrong in ["", " --since yesterday", " --since 2026-01-31"] {
            let line = format!("orderly republish{wrong}");
            assert!(Arguments::try_parse_from(line.split_whitespace()).is_err(), "{wrong}");
        }
    }
}
