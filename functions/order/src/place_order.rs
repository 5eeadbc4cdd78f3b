//! From what a customer asks for to an order at the catalogue's prices. Pure.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::{InvalidMoney, LineItem, Money, OrderCreated};
use event_envelope::{AggregateId, fingerprint};
use http_api::{CARD_NUMBER, holds_card_number};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The most lines of an order. All of them are reserved in one transaction of at most 100 actions.
pub const LINES_MAX: usize = 50;
/// The most pieces of one product, all its lines together.
pub const QUANTITY_MAX: u32 = 1_000;

/// The body of `POST /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRequest {
    /// What to order. Lines of the same product are added up.
    pub items: Vec<RequestedItem>,
    /// The total that the customer was shown, as a decimal in the currency's own unit (dollars,
    /// yen). Checked, never trusted; what adding up doubles leaves behind is passed over.
    #[serde(default)]
    pub total: Option<Number>,
    /// How to pay: a token of the payment provider.
    #[serde(default)]
    pub payment_method_id: Option<AggregateId>,
    /// Where to deliver: an entry of the customer's own address book. Left out: their default.
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
    /// The price that the customer was shown, like `total`.
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

/// What is known of the things that a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The products of the catalogue.
    pub products: BTreeMap<AggregateId, Product>,
    /// The entries of the address book of the customer who asks, and of no other.
    pub addresses: BTreeSet<AggregateId>,
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
        /// What the request has.
        shown: Money,
        /// What the catalogue has.
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
        let mut quantities: BTreeMap<&AggregateId, u32> = BTreeMap::new();
        for (index, item) in self.items.iter().enumerate() {
            let pointer = || format!("/items/{index}/quantity");
            if !(1..=QUANTITY_MAX).contains(&item.quantity) {
                let limits = format!("a whole number from 1 to {QUANTITY_MAX}");
                return Err(invalid(pointer(), limits));
            }
            let quantity = quantities.entry(&item.product_id).or_default();
            *quantity += item.quantity;
            if *quantity > QUANTITY_MAX {
                let limits = format!("at most {QUANTITY_MAX} of one product, all lines together");
                return Err(invalid(pointer(), limits));
            }
        }
        let ids = [
            ("/paymentMethodId", self.payment_method_id.as_ref()),
            ("/deliveryAddressId", self.delivery_address_id.as_ref()),
        ];
        match ids.into_iter().find(|(_, id)| id.is_some_and(|id| holds_card_number(id.as_str()))) {
            Some((pointer, _)) => Err(invalid(pointer, CARD_NUMBER)),
            None => Ok(()),
        }
    }

    /// The products and how many of each.
    pub fn quantities(&self) -> BTreeMap<AggregateId, u32> {
        let mut quantities = BTreeMap::new();
        for item in &self.items {
            *quantities.entry(item.product_id.clone()).or_default() += item.quantity;
        }
        quantities
    }

    /// The order at the prices of the catalogue.
    ///
    /// # Errors
    ///
    /// When a product is unknown, the address is not the customer's, the sum does not fit, or the
    /// customer was shown other prices.
    pub fn price(
        &self,
        order_id: AggregateId,
        user_id: AggregateId,
        known: &Known,
    ) -> Result<OrderCreated, PlacingError> {
        for (index, item) in self.items.iter().enumerate() {
            let pointer = |field| format!("/items/{index}/{field}");
            let product = known
                .products
                .get(&item.product_id)
                .ok_or_else(|| invalid(pointer("productId"), unknown_product(&item.product_id)))?;
            check_shown(item.price.as_ref(), product.price, pointer("price"))?;
        }
        // The same text whether another customer has such an address or none does.
        if self
            .delivery_address_id
            .as_ref()
            .is_some_and(|address| !known.addresses.contains(address))
        {
            return Err(invalid("/deliveryAddressId", "no such address in your address book"));
        }
        let mut items = Vec::new();
        for (product_id, quantity) in self.quantities() {
            let unit_price = match known.products.get(&product_id) {
                Some(product) => product.price,
                None => return Err(invalid("/items", unknown_product(&product_id))),
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

/// A product of the catalogue may be called by a number that could be a card's: some EANs could.
fn unknown_product(product: &AggregateId) -> &'static str {
    if holds_card_number(product.as_str()) { CARD_NUMBER } else { "no such product" }
}

fn total(items: &[LineItem]) -> Result<Money, InvalidMoney> {
    let lines = items.iter().map(|item| item.unit_price.times(item.quantity));
    lines.reduce(|sum, line| sum?.plus(line?)).unwrap_or(Err(InvalidMoney::Overflow))
}

fn check_shown(shown: Option<&Number>, actual: Money, pointer: String) -> Result<(), PlacingError> {
    let Some(shown) = shown else {
        return Ok(());
    };
    let shown = Money::from_decimal(shown, actual.currency)
        .map_err(|error| invalid(&pointer, format!("{error}; it is {actual}")))?;
    if shown == actual { Ok(()) } else { Err(PlacingError::Outdated { pointer, shown, actual }) }
}

#[cfg(test)]
mod tests;
