//! The secrets that are known, and when they were read.

use std::{
    fmt,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use runtime::{BoxError, Clock};
use time::OffsetDateTime;

use super::{Signature, SigningSecrets};

/// How long secrets are kept before they are read again because a signature is none of theirs: so
/// often, and no oftener, a client can have them read.
pub const KEPT_FOR: Duration = Duration::from_secs(60);

/// What reads the secrets.
type Reader = Box<dyn Fn() -> Reading + Send + Sync>;
/// A read of the secrets.
type Reading<E = BoxError> = Pin<Box<dyn Future<Output = Result<SigningSecrets, E>> + Send>>;

/// Holds the secrets of the endpoint, and reads them again when they may have been changed.
pub struct Keyring {
    reader: Reader,
    known: Mutex<Known>,
    clock: Clock,
}

#[derive(Debug)]
struct Known {
    secrets: SigningSecrets,
    read_at: OffsetDateTime,
}

impl Keyring {
    /// Begins with `secrets`, which were read now; `reader` reads them again.
    pub fn new<E: Into<BoxError> + 'static>(
        secrets: SigningSecrets,
        reader: impl Fn() -> Reading<E> + Send + Sync + 'static,
        clock: Clock,
    ) -> Self {
        let known = Mutex::new(Known { secrets, read_at: clock.now() });
        let reader = move || -> Reading {
            let reading = reader();
            Box::pin(async move { reading.await.map_err(Into::into) })
        };
        Self { reader: Box::new(reader), known, clock }
    }

    /// Whether `body` was signed with one of the secrets, as they are now.
    ///
    /// # Errors
    ///
    /// When it was with none that is known, and they cannot be read again.
    pub(super) async fn verify(
        &self,
        signature: &Signature,
        body: &[u8],
    ) -> Result<bool, BoxError> {
        if self.known().secrets.have_signed(signature, body) {
            return Ok(true);
        }
        if !self.may_read() {
            return Ok(false);
        }
        let secrets = (self.reader)().await?;
        let has_signed = secrets.have_signed(signature, body);
        self.known().secrets = secrets;
        Ok(has_signed)
    }

    /// Whether it is time to read again. The caller that gets true is the only one for a while,
    /// however the reading ends.
    fn may_read(&self) -> bool {
        let mut known = self.known();
        let now = self.clock.now();
        let is_time = (now - known.read_at).unsigned_abs() >= KEPT_FOR;
        if is_time {
            known.read_at = now;
        }
        is_time
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({:?})", self.known())
    }
}
