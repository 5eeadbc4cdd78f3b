#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod deadline;

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use time::OffsetDateTime;

pub use deadline::{in_time, left, within};

/// Where a process takes the time from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// The machine's clock, UTC, in whole milliseconds: clocks of different machines agree on no
    /// more.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        Self(Arc::new(|| OffsetDateTime::now_utc().truncate_to_millisecond()))
    }

    /// A clock that stands still.
    pub fn fixed(at: OffsetDateTime) -> Self {
        Self::from_fn(move || at)
    }

    /// A clock that shows what `now` says, which is asked each time.
    pub fn from_fn(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time, UTC.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
    }

    /// How long it is to `deadline`, in milliseconds since the epoch, as Lambda states it: to be
    /// handed to [`within`]. Zero when it has passed.
    pub fn until(&self, deadline: u64) -> Duration {
        let now = u64::try_from(self.now().unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        Duration::from_millis(deadline.saturating_sub(now))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Where a process takes tokens from that no other process draws: the owners of leases.
#[derive(Clone)]
pub struct Tokens(Arc<dyn Fn() -> String + Send + Sync>);

impl Tokens {
    /// Tokens of 32 hexadecimal digits, for telling apart and not for keeping out: hashes, 128 bits
    /// of them, under keys that the operating system draws at random for each thread. A seed made of
    /// the time would not do: machines that start together count the same nanoseconds.
    /// Source: <https://doc.rust-lang.org/std/hash/struct.RandomState.html>.
    pub fn random() -> Self {
        let half = || RandomState::new().hash_one(0_u8);
        Self(Arc::new(move || format!("{:016x}{:016x}", half(), half())))
    }

    /// Tokens that `next` says.
    pub fn from_fn(next: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    /// The next token.
    pub fn draw(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, thread};

    use super::*;

    #[test]
    fn the_system_clock_shows_whole_milliseconds() {
        let now = Clock::system().now();
        assert_eq!(now.nanosecond() % 1_000_000, 0);
    }

    #[test]
    fn no_token_is_drawn_twice() {
        let tokens = Tokens::random();
        let draw = || (0..1_000).map(|_| tokens.draw()).collect::<Vec<_>>();
        let drawn: Vec<_> = thread::scope(|scope| {
            let threads = [scope.spawn(draw), scope.spawn(draw)];
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(
            drawn.iter().all(|it| it.len() == 32 && it.bytes().all(|it| it.is_ascii_hexdigit()))
        );
        assert_eq!(BTreeSet::from_iter(drawn).len(), 2_000);
    }

    #[test]
    fn a_deadline_is_as_far_as_lambda_says() {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH + Duration::from_millis(1_500));
        assert_eq!(clock.until(4_500), Duration::from_secs(3));
        assert_eq!(clock.until(1_499), Duration::ZERO);
    }
}
