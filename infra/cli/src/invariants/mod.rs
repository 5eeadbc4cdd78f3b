//! What must hold after any run, whatever was delivered twice, late or to a process that died.
//!
//! Each invariant is a pure function of the [`Evidence`] and says what breaks it.

mod attribute;
mod delivery;
mod events;
mod evidence;
mod money;
mod orders;
mod shipments;
mod stock;
mod streams;
mod tables;
#[cfg(test)]
mod tests;
mod workflows;

use std::fmt::{self, Display};

pub use attribute::plain_item;
pub use evidence::Evidence;
pub use tables::{Figure, Reservation, Reserved, View};

use serde::{Deserialize, Serialize};

use local_stack::console;

/// The most findings of one invariant that are shown.
const SHOWN_MAX: usize = 5;
/// The most characters of a finding that are shown.
const CHARACTERS_MAX: usize = 160;

/// Something that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The order, event, product or queue that it is about.
    pub subject: String,
    /// What is wrong with it.
    pub what: String,
}

impl Finding {
    /// `what` is wrong with `subject`.
    pub fn new(subject: impl Display, what: impl Display) -> Self {
        Self { subject: subject.to_string(), what: what.to_string() }
    }
}

/// Something that must always hold.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// What breaks it.
    pub check: fn(&Evidence) -> Vec<Finding>,
}

const fn must(name: &'static str, check: fn(&Evidence) -> Vec<Finding>) -> Invariant {
    Invariant { name, check }
}

/// Everything that must hold when nothing moves any more.
pub const INVARIANTS: &[Invariant] = &[
    must("stock is conserved: available and reserved make up what there was", stock::is_conserved),
    must("stock is never negative", stock::is_never_negative),
    must("a completed order holds its stock, one that is off holds none", stock::follows_the_order),
    must("an order is charged at most once", money::is_captured_once),
    must("refunds stay within captures", money::refunds_stay_within_captures),
    must("what is charged is the order's total", money::is_the_orders_total),
    must("nobody is charged without a reservation", money::follows_a_reservation),
    must(
        "a completed order is paid for, a cancelled one has its money back",
        money::follows_the_order,
    ),
    must("an order is shipped at most once", shipments::go_out_once),
    must("nothing is shipped without a charge", shipments::follow_a_capture),
    must("a completed order is shipped, a cancelled one is not", shipments::follow_the_order),
    must("an acknowledged order is stored", streams::hold_what_was_acknowledged),
    must("streams are gapless", streams::are_gapless),
    must("streams are append-only", streams::are_append_only),
    must("every order ends", streams::end),
    must("the read model agrees with the streams", streams::agree_with_the_read_model),
    must("what is stored is published", events::stored_are_published),
    must("what is published is stored", events::published_are_stored),
    must("an order's events share one correlation id", events::keep_their_correlation),
    must("every cause is a published event", events::have_real_causes),
    must("chains of causes are bounded", events::stay_shallow),
    must("no address in events or logs", events::name_nobody),
    must("every customer is told once", delivery::tells_everybody_once),
    must("every completed order is counted once", orders::are_counted_once),
    must("a workflow that carries an order on is its only one, and ends", workflows::end),
    must("queues are empty", delivery::leaves_no_message),
    must("dead-letter queues hold what is expected", delivery::parks_nothing_unexpected),
    must("the bus drops nothing", delivery::drops_nothing),
];

/// What came of checking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Each invariant's name, with what breaks it.
    pub rows: Vec<(String, Vec<Finding>)>,
}

impl Report {
    /// Checks every invariant.
    pub fn of(evidence: &Evidence) -> Self {
        let rows = INVARIANTS.iter().map(|it| (it.name.to_owned(), (it.check)(evidence)));
        Self { rows: rows.collect() }
    }

    /// Adds something that was checked elsewhere.
    pub fn add(&mut self, name: impl Into<String>, findings: Vec<Finding>) {
        self.rows.push((name.into(), findings));
    }

    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.broken() == 0
    }

    /// How many invariants do not hold.
    pub fn broken(&self) -> usize {
        self.rows.iter().filter(|(_, findings)| !findings.is_empty()).count()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, findings) in &self.rows {
            if findings.is_empty() {
                writeln!(f, "  {} {name}", console::good("✓"))?;
                continue;
            }
            writeln!(f, "  {} {name}", console::bad("✗"))?;
            for Finding { subject, what } in findings.iter().take(SHOWN_MAX) {
                let what: String = what.chars().take(CHARACTERS_MAX).collect();
                writeln!(f, "      {subject}: {what}")?;
            }
            if let Some(more) = findings.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
                writeln!(f, "      and {more} more")?;
            }
        }
        Ok(())
    }
}
