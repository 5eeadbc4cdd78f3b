//! Where the data lies, and what is added to the engine's own schema: an index that keeps streams
//! flat in cost, and triggers that keep their records as the service does.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use dynoxide::Database;
use local_core::AwsError;
use parking_lot::Mutex;
use rusqlite::Connection;
use tempfile::TempDir;

/// Where a database keeps its data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory: gone when the database is dropped.
    #[default]
    Memory,
    /// In this directory, kept from one run to the next.
    Directory(PathBuf),
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or written.
    #[error("data directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not a database of this version.
    #[error("database {path}: {reason}; name an empty directory")]
    Database {
        /// The file.
        path: PathBuf,
        /// The engine's error.
        reason: String,
    },
}

/// Linux's memory file system. Elsewhere a temporary directory serves.
const MEMORY: &str = "/dev/shm";
/// The file in the directory.
const FILE: &str = "dynamodb.sqlite";

/// The engine looks for the last sequence number of a table with every write, and has no index
/// for it: without this one a write slows down with every record in the stream.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS _stream_sequence \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// A stream keeps its records for 24 hours; the engine keeps them for ever.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>.
const TRIM: &str = "DELETE FROM _stream_records WHERE created_at < unixepoch('now', '-24 hours')";

/// The view of each stream that the engine keeps both images of.
const VIEWS: &str = "CREATE TABLE IF NOT EXISTS _stream_views \
     (table_name TEXT PRIMARY KEY, view_type TEXT NOT NULL)";

/// A stream ends with its table; the engine keeps its records for the next of that name.
const END_OF_STREAM: &str = "CREATE TRIGGER IF NOT EXISTS _end_of_stream \
     AFTER DELETE ON _tables BEGIN \
         DELETE FROM _stream_records WHERE table_name = OLD.table_name; \
         DELETE FROM _stream_views WHERE table_name = OLD.table_name; \
     END";

/// A write that changes nothing leaves no record. The members of an item have no order, so each
/// image is laid out as the sorted list of its parts; but that is slow, and images that are alike
/// are of one length. (Where there was no item, there is no length, and the comparison is not true.)
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>.
const NO_CHANGE: &str = "CREATE TRIGGER IF NOT EXISTS _no_change \
     BEFORE INSERT ON _stream_records \
     WHEN length(NEW.new_image) = length(NEW.old_image) AND \
         (SELECT json_group_array(json_array(fullkey, type, atom)) FROM \
             (SELECT fullkey, type, atom FROM json_tree(NEW.new_image) ORDER BY fullkey)) = \
         (SELECT json_group_array(json_array(fullkey, type, atom)) FROM \
             (SELECT fullkey, type, atom FROM json_tree(NEW.old_image) ORDER BY fullkey)) \
     BEGIN SELECT RAISE(IGNORE); END";

/// An open database and what must live as long as it.
pub(crate) struct Opened {
    database: Database,
    /// Beside the engine's own.
    connection: Mutex<Connection>,
    /// What `_stream_views` holds.
    views: Mutex<HashMap<String, String>>,
    _directory: Option<TempDir>,
}

impl Opened {
    pub(crate) fn open(storage: &Storage) -> Result<Self, OpenError> {
        let (directory, temporary) = match storage {
            Storage::Directory(path) => {
                std::fs::create_dir_all(path)
                    .map_err(|source| OpenError::Directory { path: path.clone(), source })?;
                (path.clone(), None)
            }
            Storage::Memory => {
                let temporary = memory_directory()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let path = directory.join(FILE);
        let database = Database::new(&path.to_string_lossy()).map_err(|error| {
            OpenError::Database { path: path.clone(), reason: error.to_string() }
        })?;
        let (connection, views) = tune(&path, temporary.is_some())
            .map_err(|error| OpenError::Database { path, reason: error.to_string() })?;
        let (connection, views) = (Mutex::new(connection), Mutex::new(views));
        Ok(Self { database, connection, views, _directory: temporary })
    }

    /// The view of a table's stream, if it is known.
    pub(crate) fn view(&self, table: &str) -> Option<String> {
        self.views.lock().get(table).cloned()
    }

    /// Keeps the view of a table's stream.
    pub(crate) fn keep_view(&self, table: &str, view: &str) -> Result<(), AwsError> {
        let keep = "INSERT OR REPLACE INTO _stream_views (table_name, view_type) VALUES (?1, ?2)";
        let connection = self.connection.lock();
        let kept = connection.execute(keep, [table, view]);
        kept.map_err(|error| AwsError::internal(error.to_string()))?;
        let mut views = self.views.lock();
        views.insert(table.to_owned(), view.to_owned());
        Ok(())
    }

    pub(crate) fn database(&self) -> Database {
        self.database.clone()
    }
}

/// A directory in memory. The engine's own in-memory database cannot be opened a second time,
/// which the index needs.
fn memory_directory() -> Result<TempDir, OpenError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("local-dynamodb-");
    let made =
        if Path::new(MEMORY).is_dir() { builder.tempdir_in(MEMORY) } else { builder.tempdir() };
    made.map_err(|source| OpenError::Directory { path: MEMORY.into(), source })
}

fn tune(path: &Path, in_memory: bool) -> rusqlite::Result<(Connection, HashMap<String, String>)> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    if !in_memory {
        connection.execute(TRIM, [])?;
    }
    for statement in [STREAM_INDEX, VIEWS, END_OF_STREAM, NO_CHANGE] {
        connection.execute(statement, [])?;
    }
    let views = connection
        .prepare("SELECT table_name, view_type FROM _stream_views")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok((connection, views))
}
