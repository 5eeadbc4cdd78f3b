//! The Lambda function `shipping`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("shipping", shipping::build::shipping).await
}
