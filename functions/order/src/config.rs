//! What the template tells these functions: the one place that reads the environment.

use environment::Missing;
use http_api::{InvalidScope, TokenScope};

use crate::{deadlines::Deadlines, limit::Limits};

const ORDER_EVENTS_TABLE: &str = "ORDER_EVENTS_TABLE";
const PRODUCTS_TABLE: &str = "PRODUCTS_TABLE";
const DELIVERY_ADDRESSES_TABLE: &str = "DELIVERY_ADDRESSES_TABLE";
const ORDER_VIEWS_TABLE: &str = "ORDER_VIEWS_TABLE";
const OPEN_ORDERS_PER_CUSTOMER: &str = "OPEN_ORDERS_PER_CUSTOMER";
const ORDERS_PER_MINUTE: &str = "ORDERS_PER_MINUTE";
const PAY_WITHIN_SECONDS: &str = "PAY_WITHIN_SECONDS";
const SHIP_WITHIN_SECONDS: &str = "SHIP_WITHIN_SECONDS";
const WRITE_SCOPE: &str = "WRITE_SCOPE";
const SCOPE_CLAIM: &str = "SCOPE_CLAIM";
const QUEUE_URL: &str = "QUEUE_URL";
const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";
const FULFILMENT_MODE: &str = "FULFILMENT_MODE";
const RUST_LOG: &str = "RUST_LOG";

/// The longest that an order may wait for something, in seconds: thirty days. Whoever asks for more
/// has counted in something else.
pub const WITHIN_SECONDS_MAX: u64 = 30 * 24 * 60 * 60;

/// The most orders that a limit may be: more of them could not be looked at in one read.
pub const ORDERS_MAX: u16 = 1_000;

/// What `order-api` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// The table of event streams.
    pub order_events: String,
    /// The catalogue of products.
    pub products: String,
    /// The customers' address books.
    pub delivery_addresses: String,
    /// The table of read models, by which customers are held to their limits.
    pub order_views: String,
    /// What a customer may place.
    pub limits: Limits,
    /// How long an order may wait for its payment, in seconds.
    pub pay_within: u64,
    /// What a customer's token must grant.
    pub scope: TokenScope,
    /// What is logged.
    pub log: Option<String>,
}

/// What `order-events` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsConfig {
    /// The table of event streams.
    pub order_events: String,
    /// Where this function's events come from.
    pub queue_url: String,
    /// Where poison goes.
    pub dead_letter_queue_url: String,
    /// How orders are fulfilled: by a workflow, whose tasks are taken, or without.
    pub fulfilment_mode: String,
    /// What is logged.
    pub log: Option<String>,
}

/// What `order-sweeper` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweeperConfig {
    /// The table of event streams.
    pub order_events: String,
    /// How long an order may wait.
    pub deadlines: Deadlines,
    /// What is logged.
    pub log: Option<String>,
}

/// What is wrong with the environment. Each names the variable to set right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A variable is no time that an order may wait.
    #[error("{name}: {value:?} is not a whole number of seconds from 1 to {WITHIN_SECONDS_MAX}")]
    Seconds {
        /// The variable.
        name: &'static str,
        /// What it is.
        value: String,
    },
    /// A variable is no number of orders.
    #[error("{name}: {value:?} is not a whole number of orders from 1 to {ORDERS_MAX}")]
    Orders {
        /// The variable.
        name: &'static str,
        /// What it is.
        value: String,
    },
    /// A variable names no scope, or no claim.
    #[error("{name}: {source}")]
    Scope {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        #[source]
        source: InvalidScope,
    },
}

/// Where variables come from.
trait Variables: Fn(&'static str) -> Result<String, Missing> {}

impl<F: Fn(&'static str) -> Result<String, Missing>> Variables for F {}

impl ApiConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or makes no sense; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(environment::required)
    }

    fn read(required: impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            order_events: required(ORDER_EVENTS_TABLE)?,
            products: required(PRODUCTS_TABLE)?,
            delivery_addresses: required(DELIVERY_ADDRESSES_TABLE)?,
            order_views: required(ORDER_VIEWS_TABLE)?,
            limits: Limits {
                open: orders(&required, OPEN_ORDERS_PER_CUSTOMER)?,
                per_minute: orders(&required, ORDERS_PER_MINUTE)?,
            },
            pay_within: seconds(&required, PAY_WITHIN_SECONDS)?,
            scope: scope(&required)?,
            log: required(RUST_LOG).ok(),
        })
    }
}

impl EventsConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(environment::required)
    }

    fn read(required: impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            order_events: required(ORDER_EVENTS_TABLE)?,
            queue_url: required(QUEUE_URL)?,
            dead_letter_queue_url: required(DEAD_LETTER_QUEUE_URL)?,
            fulfilment_mode: required(FULFILMENT_MODE)?,
            log: required(RUST_LOG).ok(),
        })
    }
}

impl SweeperConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or makes no sense; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(environment::required)
    }

    fn read(required: impl Variables) -> Result<Self, ConfigError> {
        let deadlines = Deadlines {
            pay_within: seconds(&required, PAY_WITHIN_SECONDS)?,
            ship_within: seconds(&required, SHIP_WITHIN_SECONDS)?,
        };
        let log = required(RUST_LOG).ok();
        Ok(Self { order_events: required(ORDER_EVENTS_TABLE)?, deadlines, log })
    }
}

/// The scope `WRITE_SCOPE`, in the claim `SCOPE_CLAIM` where there is one.
fn scope(required: &impl Variables) -> Result<TokenScope, ConfigError> {
    let wrong = |name| move |source| ConfigError::Scope { name, source };
    let scope = TokenScope::parse(required(WRITE_SCOPE)?).map_err(wrong(WRITE_SCOPE))?;
    match required(SCOPE_CLAIM) {
        Ok(claim) => scope.in_claim(claim).map_err(wrong(SCOPE_CLAIM)),
        Err(_) => Ok(scope),
    }
}

fn seconds(required: &impl Variables, name: &'static str) -> Result<u64, ConfigError> {
    let value = required(name)?;
    let seconds = whole(&value).filter(|seconds| (1..=WITHIN_SECONDS_MAX).contains(seconds));
    seconds.ok_or(ConfigError::Seconds { name, value })
}

fn orders(required: &impl Variables, name: &'static str) -> Result<u16, ConfigError> {
    let value = required(name)?;
    let orders = whole(&value).and_then(|orders| u16::try_from(orders).ok());
    let orders = orders.filter(|orders| (1..=ORDERS_MAX).contains(orders));
    orders.ok_or(ConfigError::Orders { name, value })
}

/// The number that `text` is.
fn whole(text: &str) -> Option<u64> {
    // `parse` alone would take a sign.
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment in which all is well but `changed`.
    fn with(changed: &'static str, value: Option<&'static str>) -> impl Variables {
        move |name| match name {
            _ if name == changed => value.map(str::to_owned).ok_or(Missing { name }),
            PAY_WITHIN_SECONDS => Ok("900".to_owned()),
            SHIP_WITHIN_SECONDS => Ok("86400".to_owned()),
            OPEN_ORDERS_PER_CUSTOMER => Ok("20".to_owned()),
            ORDERS_PER_MINUTE => Ok("10".to_owned()),
            RUST_LOG | SCOPE_CLAIM => Err(Missing { name }),
            _ => Ok(name.to_owned()),
        }
    }

    #[test]
    fn each_function_is_told_what_it_needs() {
        let sweeper = SweeperConfig::read(with("", None)).unwrap();
        assert_eq!(sweeper.deadlines, Deadlines { pay_within: 900, ship_within: 86_400 });
        assert_eq!(sweeper.order_events, ORDER_EVENTS_TABLE);
        let api = ApiConfig::read(with("", None)).unwrap();
        assert_eq!((api.products.as_str(), api.pay_within), (PRODUCTS_TABLE, 900));
        assert_eq!(api.delivery_addresses, DELIVERY_ADDRESSES_TABLE);
        assert_eq!(api.order_views, ORDER_VIEWS_TABLE);
        assert_eq!(api.limits, Limits { open: 20, per_minute: 10 });
        let events = EventsConfig::read(with(RUST_LOG, Some("debug"))).unwrap();
        assert_eq!(events.dead_letter_queue_url, DEAD_LETTER_QUEUE_URL);
        assert_eq!(events.log.as_deref(), Some("debug"));
    }

    #[test]
    fn a_variable_that_is_missing_is_named() {
        for name in [ORDER_EVENTS_TABLE, PAY_WITHIN_SECONDS, SHIP_WITHIN_SECONDS] {
            let error = SweeperConfig::read(with(name, None)).unwrap_err();
            assert_eq!(error, ConfigError::Missing(Missing { name }));
        }
        for name in [
            ORDER_EVENTS_TABLE,
            PRODUCTS_TABLE,
            DELIVERY_ADDRESSES_TABLE,
            ORDER_VIEWS_TABLE,
            OPEN_ORDERS_PER_CUSTOMER,
            ORDERS_PER_MINUTE,
            PAY_WITHIN_SECONDS,
            WRITE_SCOPE,
        ] {
            let error = ApiConfig::read(with(name, None)).unwrap_err();
            assert_eq!(error, ConfigError::Missing(Missing { name }));
        }
        for name in [ORDER_EVENTS_TABLE, QUEUE_URL, DEAD_LETTER_QUEUE_URL, FULFILMENT_MODE] {
            let error = EventsConfig::read(with(name, None)).unwrap_err();
            assert_eq!(error, ConfigError::Missing(Missing { name }));
        }
    }

    #[test]
    fn a_scope_and_its_claim_are_as_the_issuer_names_them() {
        let told = |name, value| ApiConfig::read(with(name, Some(value)));
        let scope = told(WRITE_SCOPE, "orders-api/orders:write").unwrap().scope;
        assert_eq!(scope, TokenScope::parse("orders-api/orders:write").unwrap());
        let scope = told(SCOPE_CLAIM, "permissions").unwrap().scope;
        assert_eq!(scope, TokenScope::parse(WRITE_SCOPE).unwrap().in_claim("permissions").unwrap());
        for name in [WRITE_SCOPE, SCOPE_CLAIM] {
            for bad in ["", "two words"] {
                let error = told(name, bad).unwrap_err().to_string();
                assert!(error.starts_with(&format!("{name}: {bad:?}")), "{error}");
            }
        }
    }

    #[test]
    fn a_time_is_whole_seconds_of_at_most_thirty_days() {
        for good in ["1", "2592000"] {
            SweeperConfig::read(with(SHIP_WITHIN_SECONDS, Some(good))).unwrap();
        }
        for bad in ["", "0", "-1", "+1", "1.5", "15m", "2592001", "99999999999999999999"] {
            let error = ApiConfig::read(with(PAY_WITHIN_SECONDS, Some(bad))).unwrap_err();
            let expected = format!(
                "PAY_WITHIN_SECONDS: {bad:?} is not a whole number of seconds from 1 to 2592000"
            );
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_limit_is_one_to_a_thousand_orders() {
        for name in [OPEN_ORDERS_PER_CUSTOMER, ORDERS_PER_MINUTE] {
            for good in ["1", "1000"] {
                ApiConfig::read(with(name, Some(good))).unwrap();
            }
            for bad in
                ["", "0", "-1", "+10", "2.5", "many", "1001", "65536", "18446744073709551617"]
            {
                let error = ApiConfig::read(with(name, Some(bad))).unwrap_err().to_string();
                let expected =
                    format!("{name}: {bad:?} is not a whole number of orders from 1 to 1000");
                assert_eq!(error, expected);
            }
        }
    }
}
