//! The published contracts as files.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The folders of contracts. Each holds a folder for each type.
const FOLDERS: [&str; 2] = ["schemas", "golden"];

/// The texts below `schemas` and `golden`, by path: `schemas/OrderCreated/2.0.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, String>);

impl Files {
    /// Reads them from the folder they lie in: `events/contracts`. A folder that is not there holds
    /// none.
    ///
    /// # Errors
    ///
    /// When a file or folder cannot be read, with its path.
    pub fn load(root: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for folder in FOLDERS {
            if root.join(folder).is_dir() {
                collect(root, Path::new(folder), &mut files)?;
            }
        }
        Ok(Self(files))
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    let directory = root.join(folder);
    for entry in fs::read_dir(&directory).map_err(|error| at(&directory, &error))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            collect(root, &path, files)?;
        } else {
            let text = fs::read_to_string(entry.path()).map_err(|error| at(&path, &error))?;
            files.insert(name(&path), text);
        }
    }
    Ok(())
}

/// A path with `/` between its parts, on every system.
fn name(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

pub(super) fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The path of the schema of a version.
pub(super) fn schema_path(event_type: &str, version: impl ToString) -> String {
    format!("schemas/{event_type}/{}.json", version.to_string())
}

/// The path of the golden sample of a version.
pub(super) fn golden_path(event_type: &str, version: impl ToString) -> String {
    format!("golden/{event_type}/{}.json", version.to_string())
}

/// The members that come first in a schema or a document of them, and last. The rest is in
/// between, by name.
const FIRST: [&str; 12] = [
    "$schema",
    "asyncapi",
    "info",
    "title",
    "description",
    "eventId",
    "eventType",
    "eventVersion",
    "type",
    "properties",
    "items",
    "required",
];
const LAST: [&str; 5] = ["detail", "data", "metadata", "components", "$defs"];

/// `value` as the text of a file: indented, its keys in an order that is good to read and always
/// the same.
pub fn pretty(value: &Value) -> String {
    // Values have keys that are texts, and a text can always be written to.
    let text = serde_json::to_string_pretty(&Ordered(value)).unwrap_or_default();
    text + "\n"
}

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| (rank(name), *name));
                serializer.collect_map(members.into_iter().map(|(name, it)| (name, Ordered(it))))
            }
            Value::Array(elements) => serializer.collect_seq(elements.iter().map(Ordered)),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                other.serialize(serializer)
            }
        }
    }
}

fn rank(name: &str) -> usize {
    let first = FIRST.iter().position(|member| *member == name);
    let last = || LAST.iter().position(|member| *member == name).map(|at| FIRST.len() + 1 + at);
    first.or_else(last).unwrap_or(FIRST.len())
}

/// Writes `text`, with the folders above it.
pub(super) fn write(path: &PathBuf, text: &str) -> io::Result<()> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(path, text)).map_err(|error| at(path, &error))
}
