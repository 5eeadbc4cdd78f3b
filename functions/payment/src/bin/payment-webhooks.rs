//! The Lambda function `payment-webhooks`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("payment-webhooks", payment::build::webhooks).await
}
