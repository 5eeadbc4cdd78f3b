//! From what a customer asks for to an order at the catalogue's prices. Pure.

use std::collections::BTreeMap;

use event_envelope::{AggregateId, fingerprint};
use events::{InvalidMoney, LineItem, Money, OrderCreated};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The most lines of an order. All of them are reserved in one transaction of at most 100 actions.
pub const LINES_MAX: usize = 50;
/// The most pieces of one product.
pub const QUANTITY_MAX: u32 = 1_000;

/// The body of `POST /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRequest {
    /// What to order. Lines of the same product are added up.
    pub items: Vec<RequestedItem>,
    /// The total that the customer was shown, in major units. Checked, never trusted.
    #[serde(default)]
    pub total: Option<Number>,
    /// How to pay: a token of the payment provider.
    #[serde(default)]
    pub payment_method_id: Option<AggregateId>,
    /// Where to deliver: an entry of the customer's address book.
    #[serde(default)]
    pub delivery_address_id: Option<AggregateId>,
}

/// A line of the request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestedItem {
    /// The product.
    pub product_id: AggregateId,
    /// How many.
    pub quantity: u32,
    /// The price that the customer was shown, in major units. Checked, never trusted.
    #[serde(default)]
    pub price: Option<Number>,
}

/// A product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// The product.
    pub product_id: AggregateId,
    /// What people call it.
    pub name: String,
    /// What one costs.
    pub price: Money,
}

/// Why an order cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacingError {
    /// A field is not what it should be.
    #[error("{pointer}: {detail}")]
    Invalid {
        /// The field, as a JSON pointer.
        pointer: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The customer was shown something else than what is true now.
    #[error("{pointer}: {shown} was shown, it is {actual}")]
    Outdated {
        /// The field, as a JSON pointer.
        pointer: String,
        /// What the request says.
        shown: Money,
        /// What the catalogue says.
        actual: Money,
    },
}

fn invalid(pointer: impl Into<String>, detail: impl ToString) -> PlacingError {
    PlacingError::Invalid { pointer: pointer.into(), detail: detail.to_string() }
}

/// The id of the order that `user` places under `idempotency_key`: the same for every repetition,
/// so that the order itself is the record of the request.
pub fn order_id(user: &AggregateId, idempotency_key: &str) -> AggregateId {
    let hash = fingerprint(&[b"order", user.as_str().as_bytes(), idempotency_key.as_bytes()]);
    // A hash in hex is always an identifier.
    AggregateId::parse(format!("order-{hash}")).unwrap_or_else(|_| user.clone())
}

impl OrderRequest {
    /// Checks what can be checked without the catalogue.
    ///
    /// # Errors
    ///
    /// The first field that breaks a limit.
    pub fn validate(&self) -> Result<(), PlacingError> {
        if self.items.is_empty() {
            return Err(invalid("/items", "an order has at least one line"));
        }
        if self.items.len() > LINES_MAX {
            return Err(invalid("/items", format!("an order has at most {LINES_MAX} lines")));
        }
        for (index, item) in self.items.iter().enumerate() {
            if !(1..=QUANTITY_MAX).contains(&item.quantity) {
                let limits = format!("a whole number from 1 to {QUANTITY_MAX}");
                return Err(invalid(format!("/items/{index}/quantity"), limits));
            }
        }
        Ok(())
    }

    /// The products and how many of each.
    pub fn quantities(&self) -> BTreeMap<AggregateId, u32> {
        let mut quantities = BTreeMap::new();
        for item in &self.items {
            *quantities.entry(item.product_id.clone()).or_default() += item.quantity;
        }
        quantities
    }

    /// The order at the prices of `catalogue`.
    ///
    /// # Errors
    ///
    /// When a product is unknown, the sum does not fit, or the customer was shown other prices.
    pub fn price(
        &self,
        order_id: AggregateId,
        user_id: AggregateId,
        catalogue: &BTreeMap<AggregateId, Product>,
    ) -> Result<OrderCreated, PlacingError> {
        for (index, item) in self.items.iter().enumerate() {
            let pointer = |field| format!("/items/{index}/{field}");
            let product = catalogue
                .get(&item.product_id)
                .ok_or_else(|| invalid(pointer("productId"), "no such product"))?;
            check_shown(item.price.as_ref(), product.price, pointer("price"))?;
        }
        let mut items = Vec::new();
        for (product_id, quantity) in self.quantities() {
            let unit_price = match catalogue.get(&product_id) {
                Some(product) => product.price,
                None => return Err(invalid("/items", "no such product")),
            };
            items.push(LineItem { product_id, quantity, unit_price });
        }
        let total = total(&items).map_err(|error| invalid("/items", error))?;
        check_shown(self.total.as_ref(), total, "/total".to_owned())?;
        Ok(OrderCreated {
            order_id,
            user_id,
            items,
            total,
            payment_method_id: self.payment_method_id.as_ref().map(ToString::to_string),
            delivery_address_id: self.delivery_address_id.clone(),
        })
    }

    /// Whether `order` is what this request asked for, at the prices of that time.
    pub fn asked_for(&self, order: &OrderCreated) -> bool {
        let ordered: BTreeMap<_, _> =
            order.items.iter().map(|item| (item.product_id.clone(), item.quantity)).collect();
        let shown_prices = self.items.iter().all(|item| {
            let line = order.items.iter().find(|line| line.product_id == item.product_id);
            line.is_some_and(|line| {
                check_shown(item.price.as_ref(), line.unit_price, String::new()).is_ok()
            })
        });
        self.quantities() == ordered
            && shown_prices
            && check_shown(self.total.as_ref(), order.total, String::new()).is_ok()
            && self.payment_method_id.as_ref().map(AsRef::as_ref)
                == order.payment_method_id.as_deref()
            && self.delivery_address_id == order.delivery_address_id
    }
}

fn total(items: &[LineItem]) -> Result<Money, InvalidMoney> {
    let lines = items.iter().map(|item| item.unit_price.times(item.quantity));
    lines.reduce(|sum, line| sum?.plus(line?)).unwrap_or(Err(InvalidMoney::Overflow))
}

fn check_shown(shown: Option<&Number>, actual: Money, pointer: String) -> Result<(), PlacingError> {
    let Some(shown) = shown else {
        return Ok(());
    };
    let shown = Money::from_decimal(shown, actual.currency).map_err(|error| invalid(&pointer, error))?;
    if shown == actual { Ok(()) } else { Err(PlacingError::Outdated { pointer, shown, actual }) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(text: &str) -> AggregateId {
        AggregateId::parse(text).unwrap()
    }

    fn catalogue() -> BTreeMap<AggregateId, Product> {
        let product = |name: &str, cents| {
            let product =
                Product { product_id: id(name), name: name.into(), price: Money::usd(cents) };
            (id(name), product)
        };
        BTreeMap::from([
            product("prod-001", 2999),
            product("prod-002", 4999),
            product("prod-max", i64::MAX),
        ])
    }

    fn request(body: serde_json::Value) -> OrderRequest {
        serde_json::from_value(body).unwrap()
    }

    fn price(body: serde_json::Value) -> Result<OrderCreated, PlacingError> {
        let request = request(body);
        request.validate()?;
        request.price(id("order-1"), id("user-1"), &catalogue())
    }

    #[track_caller]
    fn refused_at(body: serde_json::Value, expected: &str) {
        match price(body).unwrap_err() {
            PlacingError::Invalid { pointer, .. } | PlacingError::Outdated { pointer, .. } => {
                assert_eq!(pointer, expected);
            }
        }
    }

    #[test]
    fn the_books_order_costs_what_the_book_says() {
        let order = price(json!({
            "items": [
                { "productId": "prod-001", "quantity": 2, "price": 29.99 },
                { "productId": "prod-002", "quantity": 1, "price": 49.99 }
            ],
            "total": 109.97
        }));
        assert_eq!(order.unwrap().total, Money::usd(10_997));
    }

    #[test]
    fn lines_of_one_product_are_added_up() {
        let line = json!({ "productId": "prod-001", "quantity": 2 });
        let order = price(json!({ "items": [line, line] })).unwrap();
        assert_eq!((order.items.len(), order.items[0].quantity), (1, 4));
        assert_eq!(order.total, Money::usd(4 * 2999));
    }

    #[test]
    fn a_wrong_field_is_pointed_at() {
        let line = |product: &str, quantity: u32| json!({ "productId": product, "quantity": quantity });
        refused_at(json!({ "items": [] }), "/items");
        refused_at(json!({ "items": vec![line("prod-001", 1); 51] }), "/items");
        refused_at(json!({ "items": [line("prod-001", 0)] }), "/items/0/quantity");
        refused_at(json!({ "items": [line("prod-001", 1001)] }), "/items/0/quantity");
        refused_at(json!({ "items": [line("prod-001", 1), line("prod-9", 1)] }), "/items/1/productId");
        refused_at(json!({ "items": [line("prod-max", 2)] }), "/items");
        refused_at(json!({ "items": [line("prod-001", 1)], "total": 29.98 }), "/total");
        refused_at(json!({ "items": [line("prod-001", 1)], "total": 1e300 }), "/total");
        let shown = json!({ "productId": "prod-001", "quantity": 1, "price": 19.99 });
        refused_at(json!({ "items": [shown] }), "/items/0/price");
    }

    #[test]
    fn a_repetition_is_known_whatever_the_prices_are_now() {
        let asked = json!({ "items": [{ "productId": "prod-001", "quantity": 2 }] });
        let order = price(asked.clone()).unwrap();
        assert!(request(asked).asked_for(&order));
        for other in [
            json!({ "items": [{ "productId": "prod-001", "quantity": 3 }] }),
            json!({ "items": [{ "productId": "prod-002", "quantity": 2 }] }),
            json!({ "items": [{ "productId": "prod-001", "quantity": 2 }], "total": 1 }),
            json!({ "items": [{ "productId": "prod-001", "quantity": 2 }], "paymentMethodId": "pm_1" }),
        ] {
            assert!(!request(other).asked_for(&order));
        }
    }

    #[test]
    fn an_order_id_belongs_to_its_user_and_key() {
        let (user, other) = (id("user-1"), id("user-2"));
        assert_eq!(order_id(&user, "k"), order_id(&user, "k"));
        assert_ne!(order_id(&user, "k"), order_id(&other, "k"));
        assert_ne!(order_id(&user, "k"), order_id(&user, "l"));
    }
}
