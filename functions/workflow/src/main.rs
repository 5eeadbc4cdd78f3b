//! The Lambda function `workflow`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("workflow", workflow::build::workflow).await
}
