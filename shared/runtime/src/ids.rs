//! Ids that are unique to a process, as a value that it is handed.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

/// Draws ids that no other process has: fencing tokens of leases, ids of spans.
#[derive(Clone)]
pub struct IdGenerator(Arc<dyn Fn() -> String + Send + Sync>);

impl IdGenerator {
    /// Ids of 32 hexadecimal digits, unique but not secret: hashes, 128 bits
    /// of them, under keys that the operating system draws at random for each thread. A seed made
    /// of the time would not do: machines that start together count the same nanoseconds.
    /// Source: <https://doc.rust-lang.org/std/hash/struct.RandomState.html>.
    pub fn random() -> Self {
        let half = || RandomState::new().hash_one(0_u8);
        Self(Arc::new(move || format!("{:016x}{:016x}", half(), half())))
    }

    /// Ids that `next` returns.
    pub fn from_fn(next: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    /// Draws an id: different from all before it, and from those of other processes.
    pub fn next_id(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for IdGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdGenerator")
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, thread};

    use super::*;

    #[test]
    fn no_id_is_drawn_twice() {
        let tokens = IdGenerator::random();
        let draw = || (0..1_000).map(|_| tokens.next_id()).collect::<Vec<_>>();
        let drawn: Vec<_> = thread::scope(|scope| {
            let threads = [scope.spawn(draw), scope.spawn(draw)];
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(
            drawn.iter().all(|it| it.len() == 32 && it.bytes().all(|it| it.is_ascii_hexdigit()))
        );
        assert_eq!(BTreeSet::from_iter(drawn).len(), 2_000);
    }
}
