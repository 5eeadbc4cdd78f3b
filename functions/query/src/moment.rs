//! The moments of an order: a version of its stream, or an instant. Pure.

use event_envelope::Envelope;
use http_api::{Problem, Request};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::token::number;

/// What a moment must be.
const MOMENT: &str = "must be a version (a whole number) or an instant of RFC 3339, such as \
                      2025-11-17T10:30:00Z; the + of an offset is %2B in a URL";

/// A moment of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Right after the event with this number; 0 is before the first.
    Version(u64),
    /// After all that had happened by then.
    At(OffsetDateTime),
}

/// The two moments between which a caller wants to know what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Between {
    pub(crate) from: Moment,
    /// None: now.
    pub(crate) to: Option<Moment>,
}

/// A moment is one that the order's stream has not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotReached {
    /// The version that was asked for.
    pub(crate) asked: u64,
}

impl Moment {
    /// The parameter `name` of the query, if it is there.
    ///
    /// # Errors
    ///
    /// When it is no moment: a 400 that names it.
    pub(crate) fn of(request: Request<'_>, name: &str) -> Result<Option<Self>, Problem> {
        let Some(text) = request.query(name) else { return Ok(None) };
        let version = number(text).map(Self::Version);
        let moment = version.or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::At));
        moment.map(Some).ok_or_else(|| Problem::bad_field(name, MOMENT))
    }

    /// What of the `stream` had happened at this moment: a prefix of it.
    ///
    /// Clocks differ from one process to the next. An event counts once all before it do.
    ///
    /// # Errors
    ///
    /// When the stream has no such version.
    pub(crate) fn prefix(self, stream: &[Envelope]) -> Result<&[Envelope], NotReached> {
        let length = match self {
            Self::Version(asked) => usize::try_from(asked).unwrap_or(usize::MAX),
            Self::At(instant) => stream.iter().take_while(|it| it.timestamp <= instant).count(),
        };
        stream.get(..length).ok_or(NotReached { asked: length as u64 })
    }
}

impl Between {
    /// What the parameters `from` and `to` say, if either is there; `from` is the beginning if it
    /// is not.
    ///
    /// # Errors
    ///
    /// When one is no moment: a 400 that names it.
    pub(crate) fn of(request: Request<'_>) -> Result<Option<Self>, Problem> {
        let (from, to) = (Moment::of(request, "from")?, Moment::of(request, "to")?);
        let is_asked = from.is_some() || to.is_some();
        Ok(is_asked.then_some(Self { from: from.unwrap_or(Moment::Version(0)), to }))
    }
}
