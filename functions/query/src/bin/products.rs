//! The Lambda function `products`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run("products", query::build::products).await
}
