//! The code of a function: its binary, which may be replaced while the function is at work.
//!
//! A binary that lies there anew is what an update of the function's code is to Lambda: what starts
//! from then on starts from it, and environments of the code before finish their invocation, take
//! no other, and end.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.

use std::{path::Path, time::SystemTime};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::spec::check_binary;

/// Which code it is, counted from 0.
pub(crate) type Generation = u64;

/// What tells one binary from the next at the same path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Identity {
    fn of(binary: &Path) -> Option<Self> {
        let metadata = binary.metadata().ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self { modified: metadata.modified().ok(), bytes: metadata.len(), inode })
    }
}

/// The code of one function.
pub(crate) struct Code {
    identity: Mutex<Option<Identity>>,
    generation: watch::Sender<Generation>,
}

impl Code {
    pub(crate) fn of(binary: &Path) -> Self {
        let identity = Mutex::new(Identity::of(binary));
        Self { identity, generation: watch::Sender::new(0) }
    }

    /// Checks whether another binary lies there: whether the code is new. One that is not there, or
    /// not whole yet, is none.
    pub(crate) fn detect_update(&self, binary: &Path) -> bool {
        let found = Identity::of(binary);
        let mut identity = self.identity.lock();
        if found.is_none() || found == *identity || check_binary(binary).is_err() {
            return false;
        }
        *identity = found;
        self.generation.send_modify(|generation| *generation += 1);
        true
    }

    /// The code that there is now.
    pub(crate) fn generation(&self) -> Generation {
        *self.generation.borrow()
    }

    /// Waits until there is other code than that of `generation`.
    pub(crate) async fn after(&self, generation: Generation) {
        // An error means that the sender is gone, which `self` rules out.
        let _ = self.generation.subscribe().wait_for(|now| *now > generation).await;
    }
}
