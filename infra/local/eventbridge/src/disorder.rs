//! Disorder on demand: what a bus may do to its events, made to happen.

use std::time::Duration;

/// Makes the bus deliver as badly as it is allowed to. The default does nothing.
///
/// EventBridge promises at-least-once delivery in no particular order; this is how to see that
/// consumers live with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disorder {
    /// Deliver every event twice to every target.
    pub duplicate: bool,
    /// Hold each delivery for a random time up to `max_delay`.
    pub shuffle: bool,
    /// Where the random times start from: the same seed gives the same times.
    pub seed: u64,
    /// The longest that a delivery is held.
    pub max_delay: Duration,
}

impl Disorder {
    /// How often each target gets each event.
    pub(crate) fn copies(&self) -> usize {
        if self.duplicate { 2 } else { 1 }
    }

    /// How long the next delivery is held.
    pub(crate) fn delay(&self, random: &mut fastrand::Rng) -> Duration {
        if self.shuffle { self.max_delay.mul_f64(random.f64()) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Disorder;

    fn delays(seed: u64) -> Vec<Duration> {
        let max_delay = Duration::from_millis(100);
        let disorder = Disorder { shuffle: true, seed, max_delay, ..Disorder::default() };
        let mut random = fastrand::Rng::with_seed(disorder.seed);
        (0..20).map(|_| disorder.delay(&mut random)).collect()
    }

    #[test]
    fn a_seed_fixes_the_delays() {
        assert_eq!(delays(7), delays(7));
        assert_ne!(delays(7), delays(8));
        assert!(delays(7).iter().all(|delay| *delay <= Duration::from_millis(100)));
        assert!(!delays(7).is_sorted());
    }

    #[test]
    fn nothing_is_held_by_default() {
        let mut random = fastrand::Rng::with_seed(0);
        assert_eq!(Disorder::default().delay(&mut random), Duration::ZERO);
        assert_eq!(Disorder::default().copies(), 1);
    }
}
