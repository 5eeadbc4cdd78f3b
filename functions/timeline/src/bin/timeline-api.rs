//! The Lambda function `timeline-api`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("timeline-api", timeline::build::api).await
}
