//! The Lambda function `order-events`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("order-events", order::build::events).await
}
