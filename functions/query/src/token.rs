//! The versions that commands answer, as reads are given them back. Pure.

use event_envelope::AggregateId;
use http_api::{Problem, Request};

/// The parameter and the header with the least version of an order.
const MIN_VERSION: &str = "minVersion";
const IF_ORDER_VERSION: &str = "If-Order-Version";
/// The parameter of a list with orders and their least versions.
const AFTER: &str = "after";
/// The most orders in it: each is read by itself.
const TOKENS_MAX: usize = 10;

/// The least version of an order that an answer may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Least {
    pub(crate) version: u64,
    /// The parameter or header that says so.
    field: &'static str,
}

/// An order, and its least version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) order: AggregateId,
    pub(crate) least: Least,
}

/// A whole number without a sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    // `parse` alone would take a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Least {
    /// What the request says: the greater where parameter and header differ.
    ///
    /// # Errors
    ///
    /// When either is no version: a 400 that names it.
    pub(crate) fn of(request: Request<'_>) -> Result<Option<Self>, Problem> {
        let given = [
            (MIN_VERSION, request.query(MIN_VERSION)),
            (IF_ORDER_VERSION, request.header(IF_ORDER_VERSION)),
        ];
        let mut least: Option<Self> = None;
        for (field, text) in given {
            let Some(text) = text else { continue };
            let version = number(text).filter(|version| *version > 0);
            let version = version.ok_or_else(|| {
                Problem::bad_field(field, "must be a version: a whole number from 1")
            })?;
            if least.is_none_or(|it| it.version < version) {
                least = Some(Self { version, field });
            }
        }
        Ok(least)
    }

    /// The order's stream has no such version.
    pub(crate) fn not_reached(self) -> Problem {
        not_reached(self.field, self.version)
    }

    /// A token of an order that the caller does not have.
    pub(crate) fn no_order(self, order: &AggregateId) -> Problem {
        Problem::bad_field(self.field, format!("you have no order {order}: leave it out"))
    }
}

impl Token {
    /// What the parameter `after` says: `<orderId>:<version>`, several of them with commas between
    /// or the parameter repeated.
    ///
    /// # Errors
    ///
    /// When one is none, or there are too many: a 400.
    pub(crate) fn all(request: Request<'_>) -> Result<Vec<Self>, Problem> {
        let refuse = |detail: String| Problem::bad_field(AFTER, detail);
        let tokens = request.query_all(AFTER).map(|part| {
            Self::parse(part).ok_or_else(|| {
                refuse("must be <orderId>:<version>, with commas between several".to_owned())
            })
        });
        let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
        if tokens.len() > TOKENS_MAX {
            return Err(refuse(format!("must have at most {TOKENS_MAX} orders")));
        }
        Ok(tokens)
    }

    fn parse(text: &str) -> Option<Self> {
        let (order, version) = text.split_once(':')?;
        let version = number(version).filter(|version| *version > 0)?;
        let order = AggregateId::parse(order).ok()?;
        Some(Self { order, least: Least { version, field: AFTER } })
    }
}

/// A version that an order's stream does not have: it comes from elsewhere.
pub(crate) fn not_reached(field: &str, version: u64) -> Problem {
    let detail = format!(
        "the order has no version {version}: send one that an answer about this order had, or \
         leave it out"
    );
    Problem::conflict("the order has not come to this version")
        .kind("version-not-reached", "The order has no such version")
        .field(field, detail)
}
