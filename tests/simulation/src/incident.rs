//! What is wrong for a while, for every caller.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Something that is wrong for a while.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Incident {
    /// A service outside of AWS answers no call.
    Unavailable(Outside),
    /// The function that is compiled to this binary may do nothing.
    Denied(String),
    /// The stream of this table is not read, and it forgets what is in it.
    Unread(String),
}

/// A service outside of the functions' account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outside {
    Payments,
    Carrier,
    Mail,
}

/// Until when each incident lasts, in milliseconds since the beginning.
#[derive(Debug, Default)]
pub(crate) struct Incidents(Mutex<BTreeMap<Incident, u64>>);

impl Incidents {
    /// It lasts until then, or longer if it does already.
    pub(crate) fn extend(&self, incident: Incident, until: u64) {
        let mut incidents = self.0.lock();
        let ends = incidents.entry(incident).or_default();
        *ends = until.max(*ends);
    }

    /// Whether it lasts at this time.
    pub(crate) fn lasts(&self, incident: &Incident, at: u64) -> bool {
        self.0.lock().get(incident).is_some_and(|until| at < *until)
    }
}
