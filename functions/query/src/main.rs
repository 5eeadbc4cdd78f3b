//! The Lambda function `query`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("query", query::build::query).await
}
