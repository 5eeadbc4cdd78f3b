//! What the template sets for these functions: the one place that reads the environment.

use http_api::TokenScope;
use lambda::{QueueConfig, Tasks};
use projection::ProjectionConfig;
use runtime::{ConfigError, Environment, FromEnvironment};

use crate::{deadlines::Deadlines, limit::Limits};

const ORDER_EVENTS_TABLE: &str = "ORDER_EVENTS_TABLE";
const PRODUCTS_TABLE: &str = "PRODUCTS_TABLE";
const DELIVERY_ADDRESSES_TABLE: &str = "DELIVERY_ADDRESSES_TABLE";
const ORDER_VIEWS_TABLE: &str = "ORDER_VIEWS_TABLE";
const ORDER_VIEWS_B_TABLE: &str = "ORDER_VIEWS_B_TABLE";
const OPEN_ORDERS_PER_CUSTOMER: &str = "OPEN_ORDERS_PER_CUSTOMER";
const ORDERS_PER_MINUTE: &str = "ORDERS_PER_MINUTE";
const PAY_WITHIN_SECONDS: &str = "PAY_WITHIN_SECONDS";
const SHIP_WITHIN_SECONDS: &str = "SHIP_WITHIN_SECONDS";
const WRITE_SCOPE: &str = "WRITE_SCOPE";
const SCOPE_CLAIM: &str = "SCOPE_CLAIM";

/// The longest that an order may wait for something, in seconds: thirty days. A longer one
/// was counted in another unit.
pub const WITHIN_SECONDS_MAX: u64 = 30 * 24 * 60 * 60;

/// The most orders that a limit may be: more of them could not be looked at in one read.
pub const ORDERS_MAX: u16 = 1_000;

/// The configuration of `order-api`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// The table of event streams.
    pub order_events: String,
    /// The catalogue of products.
    pub products: String,
    /// The customers' address books.
    pub delivery_addresses: String,
    /// The read models, by which customers are held to their limits.
    pub order_views: ProjectionConfig,
    /// What a customer may place.
    pub limits: Limits,
    /// How long an order may wait for its payment, in seconds.
    pub pay_within: u64,
    /// What a customer's token must grant.
    pub scope: TokenScope,
}

/// The configuration of `order-events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsConfig {
    /// The table of event streams.
    pub order_events: String,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
    /// Whether tasks of a workflow are taken.
    pub tasks: Tasks,
}

/// The configuration of `order-sweeper`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweeperConfig {
    /// The table of event streams.
    pub order_events: String,
    /// How long an order may wait.
    pub deadlines: Deadlines,
}

impl FromEnvironment for ApiConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            order_events: environment.required(ORDER_EVENTS_TABLE)?,
            products: environment.required(PRODUCTS_TABLE)?,
            delivery_addresses: environment.required(DELIVERY_ADDRESSES_TABLE)?,
            order_views: ProjectionConfig::read(
                environment,
                "order-views",
                [ORDER_VIEWS_TABLE, ORDER_VIEWS_B_TABLE],
            )?,
            limits: Limits {
                open: environment.whole(OPEN_ORDERS_PER_CUSTOMER, 1..=ORDERS_MAX)?,
                per_minute: environment.whole(ORDERS_PER_MINUTE, 1..=ORDERS_MAX)?,
            },
            pay_within: environment.whole(PAY_WITHIN_SECONDS, 1..=WITHIN_SECONDS_MAX)?,
            scope: TokenScope::read(environment, WRITE_SCOPE, SCOPE_CLAIM)?,
        })
    }
}

impl FromEnvironment for EventsConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            order_events: environment.required(ORDER_EVENTS_TABLE)?,
            queue: QueueConfig::read(environment)?,
            tasks: Tasks::read(environment)?,
        })
    }
}

impl FromEnvironment for SweeperConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            order_events: environment.required(ORDER_EVENTS_TABLE)?,
            deadlines: Deadlines {
                pay_within: environment.whole(PAY_WITHIN_SECONDS, 1..=WITHIN_SECONDS_MAX)?,
                ship_within: environment.whole(SHIP_WITHIN_SECONDS, 1..=WITHIN_SECONDS_MAX)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE_URL: &str = "QUEUE_URL";
    const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";
    const PROJECTIONS_TABLE: &str = "PROJECTIONS_TABLE";
    const FULFILMENT_MODE: &str = "FULFILMENT_MODE";

    /// An environment in which all is well but `name`.
    fn with(name: &str, value: Option<&str>) -> Environment {
        let all = Environment::of([
            (ORDER_EVENTS_TABLE, ORDER_EVENTS_TABLE),
            (PRODUCTS_TABLE, PRODUCTS_TABLE),
            (DELIVERY_ADDRESSES_TABLE, DELIVERY_ADDRESSES_TABLE),
            (ORDER_VIEWS_TABLE, ORDER_VIEWS_TABLE),
            (ORDER_VIEWS_B_TABLE, ORDER_VIEWS_B_TABLE),
            (PROJECTIONS_TABLE, PROJECTIONS_TABLE),
            (OPEN_ORDERS_PER_CUSTOMER, "20"),
            (ORDERS_PER_MINUTE, "10"),
            (PAY_WITHIN_SECONDS, "900"),
            (SHIP_WITHIN_SECONDS, "86400"),
            (WRITE_SCOPE, WRITE_SCOPE),
            (QUEUE_URL, QUEUE_URL),
            (DEAD_LETTER_QUEUE_URL, DEAD_LETTER_QUEUE_URL),
            (FULFILMENT_MODE, FULFILMENT_MODE),
        ]);
        match value {
            Some(value) => all.with(name, value),
            None => all.without(name),
        }
    }

    #[test]
    fn each_function_is_told_what_it_needs() {
        let sweeper = SweeperConfig::read(&with("", None)).unwrap();
        assert_eq!(sweeper.deadlines, Deadlines { pay_within: 900, ship_within: 86_400 });
        assert_eq!(sweeper.order_events, ORDER_EVENTS_TABLE);
        let api = ApiConfig::read(&with("", None)).unwrap();
        assert_eq!((api.products.as_str(), api.pay_within), (PRODUCTS_TABLE, 900));
        assert_eq!(api.delivery_addresses, DELIVERY_ADDRESSES_TABLE);
        assert_eq!(api.order_views.tables.b, ORDER_VIEWS_B_TABLE);
        assert_eq!(api.limits, Limits { open: 20, per_minute: 10 });
        let events = EventsConfig::read(&with("", None)).unwrap();
        assert_eq!(events.queue.dead_letter_url, DEAD_LETTER_QUEUE_URL);
    }

    #[test]
    fn a_variable_that_is_missing_is_named() {
        for name in [ORDER_EVENTS_TABLE, PAY_WITHIN_SECONDS, SHIP_WITHIN_SECONDS] {
            let error = SweeperConfig::read(&with(name, None)).unwrap_err();
            assert_eq!(error, ConfigError::Missing { name });
        }
        for name in [
            ORDER_EVENTS_TABLE,
            PRODUCTS_TABLE,
            DELIVERY_ADDRESSES_TABLE,
            ORDER_VIEWS_TABLE,
            ORDER_VIEWS_B_TABLE,
            PROJECTIONS_TABLE,
            OPEN_ORDERS_PER_CUSTOMER,
            ORDERS_PER_MINUTE,
            PAY_WITHIN_SECONDS,
            WRITE_SCOPE,
        ] {
            let error = ApiConfig::read(&with(name, None)).unwrap_err();
            assert_eq!(error, ConfigError::Missing { name });
        }
        for name in [ORDER_EVENTS_TABLE, QUEUE_URL, DEAD_LETTER_QUEUE_URL, FULFILMENT_MODE] {
            let error = EventsConfig::read(&with(name, None)).unwrap_err();
            assert_eq!(error, ConfigError::Missing { name });
        }
    }

    #[test]
    fn a_scope_and_its_claim_are_as_the_issuer_names_them() {
        let told = |name, value| ApiConfig::read(&with(name, Some(value)));
        let scope = told(WRITE_SCOPE, "orders-api/orders:write").unwrap().scope;
        assert_eq!(scope, TokenScope::parse("orders-api/orders:write").unwrap());
        let scope = told(SCOPE_CLAIM, "permissions").unwrap().scope;
        assert_eq!(scope, TokenScope::parse(WRITE_SCOPE).unwrap().in_claim("permissions").unwrap());
    }

    #[test]
    fn a_time_is_whole_seconds_of_at_most_thirty_days() {
        for good in ["1", "2592000"] {
            SweeperConfig::read(&with(SHIP_WITHIN_SECONDS, Some(good))).unwrap();
        }
        for bad in ["", "0", "-1", "+1", "1.5", "15m", "2592001", "99999999999999999999"] {
            let error = ApiConfig::read(&with(PAY_WITHIN_SECONDS, Some(bad))).unwrap_err();
            let expected =
                format!("PAY_WITHIN_SECONDS: {bad:?} is not a whole number from 1 to 2592000");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_limit_is_one_to_a_thousand_orders() {
        for name in [OPEN_ORDERS_PER_CUSTOMER, ORDERS_PER_MINUTE] {
            for good in ["1", "1000"] {
                ApiConfig::read(&with(name, Some(good))).unwrap();
            }
            for bad in
                ["", "0", "-1", "+10", "2.5", "many", "1001", "65536", "18446744073709551617"]
            {
                let error = ApiConfig::read(&with(name, Some(bad))).unwrap_err().to_string();
                let expected = format!("{name}: {bad:?} is not a whole number from 1 to 1000");
                assert_eq!(error, expected);
            }
        }
    }
}
