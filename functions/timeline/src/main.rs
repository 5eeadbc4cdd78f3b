//! The Lambda function `timeline`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("timeline", timeline::build::timeline).await
}
