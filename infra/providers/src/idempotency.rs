//! Idempotency keys as providers keep them: the first answer of a key is its only one.
//!
//! Source: <https://docs.stripe.com/api/idempotent_requests>.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use time::{Duration, OffsetDateTime};

/// What is known of a request by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim<A> {
    /// Not seen: carry the request out, then settle the key.
    Fresh,
    /// The request was answered so before.
    Settled(A),
    /// The key belongs to a request with other parameters.
    OtherRequest,
    /// The same request is still under way.
    InFlight,
}

#[derive(Debug)]
struct Entry<A> {
    fingerprint: String,
    claimed_at: OffsetDateTime,
    answer: Option<A>,
}

#[derive(Debug)]
struct Entries<A> {
    by_key: HashMap<String, Entry<A>>,
    /// Keys in the order of their claims, so that forgetting costs no scan.
    oldest_first: VecDeque<(OffsetDateTime, String)>,
}

/// The keys of a service.
#[derive(Debug)]
pub(crate) struct Keys<A> {
    time_to_live: Duration,
    entries: Mutex<Entries<A>>,
}

impl<A: Clone> Keys<A> {
    pub(crate) fn new(time_to_live: Duration) -> Self {
        let entries = Entries { by_key: HashMap::new(), oldest_first: VecDeque::new() };
        Self { time_to_live, entries: Mutex::new(entries) }
    }

    /// Takes the key for the request with this `fingerprint`, unless it was taken before.
    pub(crate) fn claim(&self, key: &str, fingerprint: &str, now: OffsetDateTime) -> Claim<A> {
        let mut entries = self.entries.lock();
        entries.forget_before(now - self.time_to_live);
        match entries.by_key.get(key) {
            Some(entry) if entry.fingerprint != fingerprint => Claim::OtherRequest,
            Some(Entry { answer: Some(answer), .. }) => Claim::Settled(answer.clone()),
            Some(Entry { answer: None, .. }) => Claim::InFlight,
            None => {
                let fingerprint = fingerprint.to_owned();
                let entry = Entry { fingerprint, claimed_at: now, answer: None };
                entries.by_key.insert(key.to_owned(), entry);
                entries.oldest_first.push_back((now, key.to_owned()));
                Claim::Fresh
            }
        }
    }

    /// Forgets every key that has an answer, as its time to live does.
    pub(crate) fn forget(&self) {
        let mut entries = self.entries.lock();
        entries.by_key.retain(|_, entry| entry.answer.is_none());
    }

    /// Keeps the answer of a claimed key.
    pub(crate) fn complete(&self, key: &str, answer: A) {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.by_key.get_mut(key) {
            entry.answer = Some(answer);
        }
    }
}

impl<A> Entries<A> {
    fn forget_before(&mut self, horizon: OffsetDateTime) {
        while let Some((at, key)) = self.oldest_first.pop_front_if(|(at, _)| *at <= horizon) {
            if self.by_key.get(&key).is_some_and(|entry| entry.claimed_at == at) {
                self.by_key.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn a_key_has_one_request_and_one_answer() {
        let keys = Keys::new(Duration::hours(24));
        assert_eq!(keys.claim("k", "a", START), Claim::Fresh);
        assert_eq!(keys.claim("k", "a", START), Claim::InFlight);
        keys.complete("k", "answer");
        assert_eq!(keys.claim("k", "a", START), Claim::Settled("answer"));
        assert_eq!(keys.claim("k", "b", START), Claim::OtherRequest);
    }

    #[test]
    fn all_answers_are_forgotten_at_once_and_no_request_that_is_under_way() {
        let keys = Keys::new(Duration::hours(24));
        keys.claim("answered", "a", START);
        keys.complete("answered", "answer");
        keys.claim("under way", "a", START);
        keys.forget();
        assert_eq!(keys.claim("answered", "b", START), Claim::Fresh);
        assert_eq!(keys.claim("under way", "a", START), Claim::InFlight);
    }

    #[test]
    fn a_key_is_forgotten_after_its_time() {
        let keys = Keys::new(Duration::hours(24));
        keys.claim("k", "a", START);
        keys.complete("k", "answer");
        let nearly = START + Duration::hours(24) - Duration::SECOND;
        assert_eq!(keys.claim("k", "a", nearly), Claim::Settled("answer"));
        assert_eq!(keys.claim("k", "b", START + Duration::hours(24)), Claim::Fresh);
    }
}
