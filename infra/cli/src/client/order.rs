//! What a customer asks for.

use serde::Serialize;
use serde_json::Number;

/// What to order.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOrder {
    /// The lines.
    pub items: Vec<Line>,
    /// What the customer was shown, in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Number>,
    /// How to pay: a token of the payment gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method_id: Option<String>,
    /// Where to deliver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_address_id: Option<String>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The product.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
    /// What the customer was shown, in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Number>,
}

impl Line {
    /// `quantity` of a product, at whatever price.
    pub fn of(product_id: &str, quantity: u32) -> Self {
        Self { product_id: product_id.to_owned(), quantity, price: None }
    }
}

impl NewOrder {
    /// An order of these lines.
    pub fn of(items: Vec<Line>) -> Self {
        Self { items, ..Self::default() }
    }

    /// The order that the project's documents describe: 109.97 USD in two lines.
    pub fn of_the_book() -> Self {
        let line = |product, quantity, price| Line {
            price: Number::from_f64(price),
            ..Line::of(product, quantity)
        };
        Self {
            total: Number::from_f64(109.97),
            ..Self::of(vec![line("prod-001", 2, 29.99), line("prod-002", 1, 49.99)])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_books_order_says_what_the_book_says() {
        let json = json!(NewOrder::of_the_book());
        assert_eq!(
            json["items"][0],
            json!({"productId": "prod-001", "quantity": 2, "price": 29.99})
        );
        assert_eq!(json["total"].to_string(), "109.97");
        assert_eq!(json.get("paymentMethodId"), None);
    }
}
