//! The Lambda function `projector`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("projector", projector::build::projector).await
}
