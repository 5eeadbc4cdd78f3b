//! The time that an invocation has left, known to everything that works for it.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `work`, whose caller stops waiting for it when `left` has passed. Within, and on the same
/// task, [`remaining`] returns how much of it remains.
///
/// It does not stop the work: a function that runs out of time is stopped by Lambda. It is for
/// code that would otherwise retry for longer than the caller waits.
pub async fn with_deadline<F: Future>(left: Duration, work: F) -> F::Output {
    DEADLINE.scope(Instant::now() + left, work).await
}

/// Runs `work` as long as more than `reserve` is left, and then drops it: None. Outside of
/// [`with_deadline`] it runs to its end.
///
/// To be used where the time's end would stop the work anyway, and with it all else: `work` has to
/// be such that it may end at any `await`, and be done again from its start.
pub async fn in_time<F: Future>(reserve: Duration, work: F) -> Option<F::Output> {
    match remaining() {
        None => Some(work.await),
        Some(left) => tokio::time::timeout(left.saturating_sub(reserve), work).await.ok(),
    }
}

/// What is left of the time of the invocation; None outside of [`with_deadline`].
pub fn remaining() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_would_outlast_the_time_is_dropped_before_its_end() {
        let seconds = Duration::from_secs;
        let work = async |takes| in_time(seconds(1), tokio::time::sleep(seconds(takes))).await;
        let (short, long, left) =
            with_deadline(seconds(6), async { (work(2).await, work(9).await, remaining()) }).await;
        assert_eq!((short, long, left), (Some(()), None, Some(seconds(1))));
        assert_eq!(work(100).await, Some(()), "there is no deadline");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_known_within_and_becomes_less() {
        assert_eq!(remaining(), None);
        let passed = with_deadline(Duration::from_secs(3), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let one = remaining();
            tokio::time::sleep(Duration::from_secs(5)).await;
            (one, remaining())
        });
        assert_eq!(passed.await, (Some(Duration::from_secs(2)), Some(Duration::ZERO)));
        assert_eq!(remaining(), None);
    }
}
