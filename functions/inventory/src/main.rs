//! The Lambda function `inventory`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("inventory", inventory::build::inventory).await
}
