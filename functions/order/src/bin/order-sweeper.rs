//! The Lambda function `order-sweeper`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("order-sweeper", order::build::sweeper).await
}
