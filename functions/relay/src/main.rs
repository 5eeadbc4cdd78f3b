//! The Lambda function `relay`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("relay", relay::build::relay).await
}
