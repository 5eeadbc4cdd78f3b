//! The time that an invocation has left, known to everything that works for it.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Does `work`, which is given up by whoever asked for it when `left` has passed. Within, and on
/// the same task, [`left`] says how much of it remains.
///
/// It does not stop the work: a function that runs out of time is stopped by Lambda. It is for
/// those who would otherwise try again for longer than anybody waits.
pub async fn within<F: Future>(left: Duration, work: F) -> F::Output {
    DEADLINE.scope(Instant::now() + left, work).await
}

/// What is left of the time of the invocation; None outside of [`within`].
pub fn left() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_known_within_and_becomes_less() {
        assert_eq!(left(), None);
        let passed = within(Duration::from_secs(3), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let one = left();
            tokio::time::sleep(Duration::from_secs(5)).await;
            (one, left())
        });
        assert_eq!(passed.await, (Some(Duration::from_secs(2)), Some(Duration::ZERO)));
        assert_eq!(left(), None);
    }
}
