//! The Lambda function `analytics`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("analytics", analytics::build::analytics).await
}
