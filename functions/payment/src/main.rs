//! The Lambda function `payment`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("payment", payment::build::payment).await
}
