//! Fills the other table from the stores of truth.

use std::{collections::BTreeMap, sync::Mutex, sync::PoisonError, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use projection::{Fold, Guard, Row, Rows, Slot, Write, Written};
use serde_dynamo::Item;

use super::{
    checkpoint::{Checkpoint, Part, Place},
    error::ProjectionError,
    operator::Operator,
};
use crate::table::{self, Segment};

/// How often a section is tried again that a live event moved forward in between.
const ATTEMPTS_MAX: usize = 5;
/// So many problems are kept; the others are counted.
const PROBLEMS_MAX: usize = 20;

/// How a rebuild is to go.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The tables whose items hold published events.
    pub sources: Vec<String>,
    /// In how many parts each table is read at a time.
    pub segments: u16,
    /// The most writes in a second; none is no limit.
    pub rate: Option<f64>,
    /// Whether only to read and count.
    pub is_dry: bool,
}

/// What a rebuild has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items of the sources that were read.
    pub items: u64,
    /// Events in them.
    pub events: u64,
    /// Sections of rows that were moved forward.
    pub written: u64,
    /// Sections that were there already.
    pub present: u64,
    /// What could not be read or applied, at most twenty of it.
    pub problems: Vec<String>,
    /// How many problems there were in all.
    pub problem_count: u64,
}

impl Progress {
    fn count(&mut self, row: &str, section: &str, outcome: Outcome) {
        match outcome {
            Outcome::Written => self.written += 1,
            Outcome::Present => self.present += 1,
            Outcome::Gap(version) => {
                self.problem(format!(
                    "{row}: an event after {version} of its {section} is missing"
                ));
            }
        }
    }

    fn problem(&mut self, what: String) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(what);
        }
    }
}

/// What one item or several change in one section of one row, event by event.
type Sections = BTreeMap<(String, &'static str), BTreeMap<u64, Fold>>;

/// What is built: which table, and how far it was when this began.
struct Target {
    slot: Slot,
    checkpoint: Checkpoint,
}

impl Operator {
    /// Builds the rows of this program's version of the projection in the table that is not read,
    /// beside the live events, which go to both. One that was interrupted goes on where it was.
    ///
    /// # Errors
    ///
    /// When the other table has another version, or a table is unavailable: then run it again.
    pub async fn rebuild(
        &self,
        options: &Options,
        progress: impl Fn(&Progress),
    ) -> Result<Progress, ProjectionError> {
        let parts = parts(options);
        let target = if options.is_dry {
            None
        } else {
            let target = self.begin(&parts).await?;
            // Every process writes both tables from here on: what it published before is in the
            // sources, what it publishes from now on is written by it.
            tokio::time::sleep(self.settle).await;
            Some(target)
        };
        let done = Mutex::new(Progress::default());
        let work =
            parts.iter().map(|part| self.part(target.as_ref(), part, options, &done, &progress));
        let work = stream::iter(work).buffer_unordered(usize::from(options.segments));
        work.try_collect::<()>().await?;
        Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The rebuild that is under way, or a new one.
    async fn begin(&self, parts: &[Part]) -> Result<Target, ProjectionError> {
        let placement = self.placements.load(self.name).await?;
        let known = self.checkpoints.load(&placement).await?;
        let slot = placement.reads.other();
        if let (Some(version), Some(checkpoint)) = (placement.beside, known)
            && version == self.version
            && !checkpoint.built().is_complete()
        {
            return Ok(Target { slot, checkpoint });
        }
        // First the checkpoint: a placement without one says that the table is complete.
        let begun = placement.begin(self.version)?;
        let checkpoint = self.checkpoints.begin(parts).await?;
        self.store(begun).await?;
        Ok(Target { slot, checkpoint })
    }

    /// Reads a part from where it was to its end.
    async fn part(
        &self,
        target: Option<&Target>,
        part: &Part,
        options: &Options,
        done: &Mutex<Progress>,
        progress: &impl Fn(&Progress),
    ) -> Result<(), ProjectionError> {
        let place = match target {
            Some(target) => target.checkpoint.place(part)?,
            None => Place::After(None),
        };
        let Place::After(mut start) = place else { return Ok(()) };
        loop {
            let page = table::page(&self.client, &part.table, Some(part.segment), start).await?;
            let sections = self.sections(page.rows, &part.table, done);
            if let Some(target) = target {
                self.write_all(target.slot, sections, options, done).await?;
                let place = page.next.clone().map_or(Place::End, |key| Place::After(Some(key)));
                self.checkpoints.advance(part, &place).await?;
            } else {
                let count = sections.len();
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.written += u64::try_from(count).unwrap_or(u64::MAX);
            }
            progress(&done.lock().unwrap_or_else(PoisonError::into_inner));
            start = page.next;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// What the events of `items` change.
    fn sections(&self, items: Vec<Row>, table: &str, done: &Mutex<Progress>) -> Sections {
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sections = Sections::new();
        for item in items {
            done.items += 1;
            let events = match outbox::stored_events(&Item::from(item)) {
                Ok(events) => events,
                Err(error) => {
                    done.problem(format!("{table}: {error}"));
                    continue;
                }
            };
            for event in events {
                done.events += 1;
                match (self.apply)(&event) {
                    Ok(fold) => {
                        let section = sections.entry((fold.row.clone(), fold.section)).or_default();
                        section.insert(fold.version(), fold);
                    }
                    Err(error) => done.problem(format!("{table}, {}: {error}", event.event_id)),
                }
            }
        }
        sections
    }

    async fn write_all(
        &self,
        slot: Slot,
        sections: Sections,
        options: &Options,
        done: &Mutex<Progress>,
    ) -> Result<(), ProjectionError> {
        let rows = Rows::new(self.client.clone(), self.key);
        for ((row, section), folds) in sections {
            let written = write(&rows, self.table(slot), folds).await?;
            done.lock().unwrap_or_else(PoisonError::into_inner).count(&row, section, written);
            if let Some(rate) = options.rate {
                // Each part that is read at the same time has its share.
                let seconds = f64::from(options.segments) / rate;
                let pause = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }
}

/// How the events of a section were taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Written,
    /// It was that far already.
    Present,
    /// It stands at this version, and the one after that is not among the events.
    Gap(u64),
}

/// Moves one section of a row forward over `folds`, by their versions.
async fn write(
    rows: &Rows,
    table: &str,
    mut folds: BTreeMap<u64, Fold>,
) -> Result<Outcome, ProjectionError> {
    let Some((&last, fold)) = folds.last_key_value() else { return Ok(Outcome::Present) };
    if !fold.is_gapless {
        let guard = Guard::Before(last);
        let Some(fold) = all_of(&folds) else { return Ok(Outcome::Present) };
        return Ok(match rows.write(table, &Write { fold, guard }).await? {
            Written::Forward(_) => Outcome::Written,
            Written::At(_) => Outcome::Present,
        });
    }
    let mut at = folds.keys().next().copied().unwrap_or(1).saturating_sub(1);
    for _ in 0..ATTEMPTS_MAX {
        folds = folds.split_off(&at.saturating_add(1));
        if !folds.contains_key(&(at + 1)) {
            return Ok(if at >= last { Outcome::Present } else { Outcome::Gap(at) });
        }
        let Some(fold) = all_of(&folds) else { return Ok(Outcome::Present) };
        match rows.write(table, &Write { fold, guard: Guard::after(at) }).await? {
            Written::Forward(_) => return Ok(Outcome::Written),
            // The part before these events is in another page, or a live event was first.
            Written::At(version) if version >= last => return Ok(Outcome::Present),
            Written::At(version) if version < at => return Ok(Outcome::Gap(version)),
            Written::At(version) => at = version,
        }
    }
    Ok(Outcome::Gap(at))
}

/// What they change together.
fn all_of(folds: &BTreeMap<u64, Fold>) -> Option<Fold> {
    folds.values().cloned().reduce(|mut all, next| {
        all.then(next);
        all
    })
}

/// Every part of every table.
fn parts(options: &Options) -> Vec<Part> {
    let of = options.segments.max(1);
    let of_table = |table: &String| {
        let table = table.clone();
        (0..of).map(move |number| Part { table: table.clone(), segment: Segment { number, of } })
    };
    options.sources.iter().flat_map(of_table).collect()
}
