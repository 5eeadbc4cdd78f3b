//! `orderly`: the order system on one machine.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    orderly::run().await
}
