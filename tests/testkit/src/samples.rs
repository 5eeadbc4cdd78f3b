//! The files under `events`, as Lambda hands them to a function.

use std::{collections::BTreeSet, fs, path::PathBuf};

use aws_lambda_events::sqs::SqsEvent;
use catalogue::{DECODER, Event};
use event_envelope::{Delivery, EventId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::stack::root;

/// The field by which the batches of a queue are known.
const RECORDS: &str = "Records";

/// The folder `events/<name>`.
#[derive(Debug, Clone, Copy)]
pub struct Samples(&'static str);

impl Samples {
    /// The samples in `events/<folder>`.
    pub const fn of(folder: &'static str) -> Self {
        Self(folder)
    }

    /// What the file `<name>.json` holds.
    ///
    /// # Panics
    ///
    /// When there is no such file, or it holds something else.
    pub fn read<T: DeserializeOwned>(self, name: &str) -> T {
        let path = self.folder().join(format!("{name}.json"));
        let text = fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The files' names, without `.json`.
    pub fn names(self) -> BTreeSet<String> {
        let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let files = fs::read_dir(self.folder()).unwrap();
        files.map(|file| stem(file.unwrap().path())).collect()
    }

    /// Holds a table of expected outcomes to have an entry for every file, and none without one.
    ///
    /// # Panics
    ///
    /// When `used` are not the names of all files.
    #[track_caller]
    pub fn assert_all_used<'a>(self, used: impl IntoIterator<Item = &'a str>) {
        let used: BTreeSet<String> = used.into_iter().map(str::to_owned).collect();
        assert_eq!(used, self.names(), "used on the left, files of {} on the right", self.0);
    }

    /// Every event in these batches that the catalogue can read. Tasks are no batches.
    pub fn deliveries(self) -> Vec<Delivery<Event>> {
        let all = self.names().into_iter().map(|name| self.read::<Value>(&name));
        let batches = all.filter(|it| it.get(RECORDS).is_some());
        let batches = batches.map(|it| serde_json::from_value::<SqsEvent>(it).unwrap());
        let bodies = batches.flat_map(|it| it.records).filter_map(|record| record.body);
        bodies.filter_map(|body| DECODER.decode(body.as_bytes()).ok()).collect()
    }

    /// Holds the events of version 2 in these batches to have the ids that their services derive.
    /// Those of version 1 come from elsewhere, and have any id.
    ///
    /// # Panics
    ///
    /// When one has another id, or there are none.
    #[track_caller]
    pub fn assert_ids_are_derived(self) {
        let envelopes = self.deliveries().into_iter().map(|it| it.envelope);
        let current: Vec<_> = envelopes.filter(|it| it.event_version.major == 2).collect();
        assert!(!current.is_empty(), "{} has no event of version 2", self.0);
        for event in current {
            let (order, number) = (&event.aggregate_id, event.sequence_number);
            let derived = EventId::of_sequence(&event.source, order, number);
            assert_eq!(event.event_id, derived, "{} {number} of {order}", event.event_type);
        }
    }

    fn folder(self) -> PathBuf {
        root().join("events").join(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: Samples = Samples::of("inventory");

    #[test]
    fn every_name_is_a_sample_and_batches_give_their_events() {
        let names = SAMPLES.names();
        assert!(names.contains("order-created") && names.contains("poison"));
        for name in &names {
            let is_task = name.starts_with("task-");
            assert_eq!(SAMPLES.read::<Value>(name)[RECORDS].is_array(), !is_task, "{name}");
        }
        let types: BTreeSet<_> =
            SAMPLES.deliveries().iter().map(|it| it.event.entry().event_type).collect();
        assert!(types.is_superset(&["OrderCreated", "PaymentFailed"].into()), "{types:?}");
    }

    #[test]
    #[should_panic(expected = "files of inventory")]
    fn a_file_that_no_story_uses_is_an_error() {
        let names = SAMPLES.names();
        SAMPLES.assert_all_used(names.iter().skip(1).map(String::as_str));
    }

    #[test]
    #[should_panic(expected = "files of inventory")]
    fn a_story_without_a_file_is_an_error() {
        let names = SAMPLES.names();
        SAMPLES.assert_all_used(names.iter().map(String::as_str).chain(["order-created-again"]));
    }
}
