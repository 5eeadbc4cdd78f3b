//! The Lambda function `inventory-api`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("inventory-api", inventory::build::api).await
}
