//! The Lambda function `order-api`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("order-api", order::build::api).await
}
