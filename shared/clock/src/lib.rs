//! Time and tokens as values that a process is given, so that what depends on them can be run
//! again with the same.

use std::{fmt, sync::Arc};

use time::OffsetDateTime;

/// Where a process takes the time from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// The machine's clock, UTC, to the millisecond: clocks of different machines agree on no more.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        Self(Arc::new(|| OffsetDateTime::now_utc().truncate_to_millisecond()))
    }

    /// A clock that stands still.
    pub fn fixed(at: OffsetDateTime) -> Self {
        Self::from_fn(move || at)
    }

    /// A clock that shows what `now` says.
    pub fn from_fn(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time, UTC.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
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
    /// 128 random bits each.
    #[expect(clippy::disallowed_methods, reason = "the one place that draws random tokens")]
    pub fn random() -> Self {
        Self(Arc::new(|| format!("{:032x}", fastrand::u128(..))))
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
    use super::*;

    #[test]
    fn the_system_clock_shows_whole_milliseconds() {
        let now = Clock::system().now();
        assert_eq!(now.nanosecond() % 1_000_000, 0);
    }

    #[test]
    fn no_token_is_drawn_twice() {
        let tokens = Tokens::random();
        assert_ne!(tokens.draw(), tokens.draw());
    }
}
