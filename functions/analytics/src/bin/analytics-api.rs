//! The Lambda function `analytics-api`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("analytics-api", analytics::build::api).await
}
