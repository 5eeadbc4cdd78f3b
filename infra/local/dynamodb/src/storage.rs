//! Where the data lies, and the index that keeps streams flat in cost.

use std::path::{Path, PathBuf};

use dynoxide::Database;
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
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a database of this version.
    #[error("database {path}: {reason}; name an empty directory")]
    Database {
        /// The file.
        path: PathBuf,
        /// What the engine said.
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

/// An open database and what must live as long as it.
pub(crate) struct Opened {
    database: Database,
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
        tune(&path, temporary.is_some())
            .map_err(|error| OpenError::Database { path, reason: error.to_string() })?;
        Ok(Self { database, _directory: temporary })
    }

    pub(crate) fn database(&self) -> Database {
        self.database.clone()
    }
}

/// A directory in memory. The engine's own in-memory database cannot be opened a second time,
/// which the index needs.
fn memory_directory() -> Result<TempDir, OpenError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("orderly-");
    let made =
        if Path::new(MEMORY).is_dir() { builder.tempdir_in(MEMORY) } else { builder.tempdir() };
    made.map_err(|source| OpenError::Directory { path: MEMORY.into(), source })
}

fn tune(path: &Path, in_memory: bool) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    if !in_memory {
        connection.execute(TRIM, [])?;
    }
    connection.execute(STREAM_INDEX, []).map(|_| ())
}
