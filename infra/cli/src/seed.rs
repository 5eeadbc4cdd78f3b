//! What a new system starts with: a small catalogue, its stock, and a few customers with addresses.

use catalogue::Money;
use local_core::AwsError;
use serde_json::{Value, json};

use crate::Shop;

/// A product to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What one costs.
    pub price: Money,
    /// How many there are.
    pub stock: u64,
}

/// A customer who can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// The customer's id, which is also the bearer token on one machine.
    pub user_id: &'static str,
    /// Where mails go.
    pub email: &'static str,
}

/// More than any run sells.
const PLENTY: u64 = 1_000_000;

/// The catalogue. There is one piece of [`SCARCE`], and plenty of the others.
pub const PRODUCTS: [Product; 4] = [
    Product {
        id: "prod-001",
        name: "Mechanical keyboard",
        price: Money::usd(2_999),
        stock: PLENTY,
    },
    Product { id: "prod-002", name: "Trackball", price: Money::usd(4_999), stock: PLENTY },
    Product { id: SCARCE, name: "Signed first edition", price: Money::usd(12_500), stock: 1 },
    Product { id: "prod-004", name: "Desk lamp", price: Money::usd(1_950), stock: PLENTY },
];

/// The product of which there is one piece.
pub const SCARCE: &str = "prod-003";

/// The customers.
pub const CONTACTS: [Contact; 4] = [
    Contact { user_id: "user-123", email: "ada@example.com" },
    Contact { user_id: "user-456", email: "grace@example.com" },
    Contact { user_id: "user-789", email: "edsger@example.com" },
    Contact { user_id: "user-321", email: "barbara@example.com" },
];

/// The address book of each customer: where the carrier finds no one, and where it does what
/// the address ends in, as scripts of the stand-ins have it.
pub const ADDRESSES: [&str; 12] = [
    "addr_home",
    "addr_work",
    "addr_1",
    "addr_undeliverable",
    "addr_1_decline",
    "addr_1_timeout",
    "addr_1_timeout_2000",
    "addr_1_slow_500",
    "addr_1_slow_1500",
    "addr_1_down_3",
    "addr_1_throttle_2",
    "addr_1_throttle_1000",
];

/// Writes what is not there yet; rows that are there stay as they are. A template without these
/// tables is another system's, and gets none.
///
/// # Errors
///
/// When a table cannot be written.
pub async fn seed(shop: &Shop) -> Result<(), AwsError> {
    for product in PRODUCTS {
        let Money { amount, currency } = product.price;
        let row = json!({
            "productId": { "S": product.id },
            "name": { "S": product.name },
            "price": { "M": {
                "amount": { "N": amount.to_string() },
                "currency": { "S": currency.to_string() },
            } },
        });
        put(shop, "products", "productId", row).await?;
        let row = json!({
            "productId": { "S": product.id },
            "available": { "N": product.stock.to_string() },
        });
        put(shop, "inventory", "productId", row).await?;
    }
    for contact in CONTACTS {
        let row = json!({ "userId": { "S": contact.user_id }, "email": { "S": contact.email } });
        put(shop, "contacts", "userId", row).await?;
        for address in ADDRESSES {
            let user = json!({ "S": contact.user_id });
            let row = json!({ "userId": user, "addressId": { "S": address } });
            put(shop, "delivery-addresses", "userId", row).await?;
        }
    }
    Ok(())
}

/// Writes that one more customer can be reached, where one of [`CONTACTS`] is reached too.
///
/// # Errors
///
/// When the table cannot be written.
pub async fn contact(shop: &Shop, user_id: &str, email: &str) -> Result<(), AwsError> {
    let row = json!({ "userId": { "S": user_id }, "email": { "S": email } });
    put(shop, "contacts", "userId", row).await
}

async fn put(shop: &Shop, table: &str, key: &str, item: Value) -> Result<(), AwsError> {
    let table = shop.table(table);
    if !shop.template().tables.iter().any(|it| it.name == table) {
        return Ok(());
    }
    let request = json!({
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(#key)",
        "ExpressionAttributeNames": { "#key": key },
    });
    match shop.dynamodb().json("PutItem", &request).await {
        Err(error) if error.short_code() == "ConditionalCheckFailedException" => Ok(()),
        outcome => outcome.map(drop),
    }
}
