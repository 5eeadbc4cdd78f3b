//! The template as a stack of tests, and databases with its tables.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use local_dynamodb::{DynamoDb, Storage};
use local_template::{LoadOptions, Table, Template};
use projection::{ProjectionConfig, Tables};

/// The tables of the read models of orders: the two of their rows, and the one of placements.
pub const VIEW_TABLES: [&str; 3] =
    ["orderly-order-views", "orderly-order-views-b", "orderly-projections"];

/// Where the read models of orders are.
pub fn order_views() -> ProjectionConfig {
    let [a, b, placements] = VIEW_TABLES.map(str::to_owned);
    ProjectionConfig { name: "order-views".to_owned(), tables: Tables { a, b }, placements }
}

/// No server listens there: clients reach services in process.
pub const ENDPOINT: &str = "http://127.0.0.1:9000";
/// What physical names begin with.
pub const STACK: &str = "orderly";

/// The template, resolved.
pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| template_with(&[]));

/// The template, resolved, of a stack that is called `orderly`.
pub fn template() -> &'static Template {
    &TEMPLATE
}

/// The same with these values of its parameters.
///
/// # Panics
///
/// When the template cannot be resolved with them.
pub fn template_with(more: &[(&str, &str)]) -> Template {
    let parameters = parameters(more);
    let options = LoadOptions { stack_name: STACK, endpoint: ENDPOINT, parameters: &parameters };
    Template::load(&root().join("infra/template.yaml"), &options).unwrap()
}

/// Values of the template's parameters that have no default, and `more`.
pub fn parameters(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let given = ["JwtIssuer", "JwtAudience", "CarrierUrl"];
    let value = |name: &str| (name.to_owned(), "https://example.com".to_owned());
    let mut parameters: BTreeMap<_, _> = given.into_iter().map(value).collect();
    for name in ["PaymentGatewayApiKeySecret", "PaymentWebhookSecret", "CarrierApiKeySecret"] {
        let secret = format!("arn:aws:ssm:us-east-1:000000000000:parameter/{name}");
        parameters.insert(name.to_owned(), secret);
    }
    parameters.insert("SenderEmail".to_owned(), "shop@example.com".to_owned());
    parameters.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    parameters
}

/// Where the workspace is.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A new database in memory with the tables that have these physical names in the template, e.g.
/// `orderly-payments`.
///
/// # Panics
///
/// When the template has no such table.
pub async fn database(tables: &[&str]) -> DynamoDb {
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    for name in tables {
        database.create_table(table(name)).await.unwrap();
    }
    database
}

fn table(name: &str) -> &'static Table {
    let found = TEMPLATE.tables.iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("the template has no table {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_has_the_tables_that_were_asked_for_and_no_others() {
        let database = database(&["orderly-payments"]).await;
        let listed = database.client().list_tables().send().await.unwrap();
        assert_eq!(listed.table_names(), ["orderly-payments"]);
    }

    #[tokio::test]
    #[should_panic(expected = "no table orderly-paymnets")]
    async fn a_table_that_the_template_has_not_is_an_error() {
        database(&["orderly-paymnets"]).await;
    }
}
