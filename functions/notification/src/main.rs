//! The Lambda function `notification`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("notification", notification::build::notification).await
}
