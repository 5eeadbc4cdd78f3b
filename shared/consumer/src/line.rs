use std::collections::BTreeMap;

use crate::record::Record;

/// Records that must be handled one after the other.
#[derive(Debug)]
pub(crate) struct Line {
    /// Each with its position in the batch.
    pub(crate) records: Vec<(usize, Record)>,
    /// Whether one that fails holds back those behind it.
    pub(crate) is_strict: bool,
}

/// What the records of a line have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Group(String),
    Aggregate(String),
    /// Nothing is known of a record that cannot be read: it stands alone.
    Position(usize),
}

/// Sorts a batch into lines, each in the order of the batch.
pub(crate) fn up(records: impl Iterator<Item = Record>) -> Vec<Line> {
    let mut lines: BTreeMap<Key, Vec<(usize, Record)>> = BTreeMap::new();
    for (position, record) in records.enumerate() {
        lines.entry(key(position, &record)).or_default().push((position, record));
    }
    let line = |(key, records)| Line { records, is_strict: matches!(key, Key::Group(_)) };
    lines.into_iter().map(line).collect()
}

fn key(position: usize, record: &Record) -> Key {
    match (record.message.fifo_group(), record.aggregate_id()) {
        (Some(group), _) => Key::Group(group.to_owned()),
        (None, Some(aggregate)) => Key::Aggregate(aggregate.to_owned()),
        (None, None) => Key::Position(position),
    }
}
