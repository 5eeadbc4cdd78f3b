//! The Rust half of a check that a table can be shared with Powertools for AWS Lambda (Python).
//!
//! It serves a DynamoDB, prints its address, and then reads commands, a JSON line each:
//! `{"event": …}` handles an event and prints how that ended. With `"hold": true` it stops within
//! the handler, prints that, and waits for the next line; with `"fail": true` the handler fails.
#![expect(clippy::print_stdout, reason = "the other half reads what it prints")]

use std::{error::Error, io::BufRead, sync::Arc, time::Duration};

use idempotency::{
    Attempt, ByJmespath, Completion, DynamoDbStore, Hashing, IdempotencyConfig, IdempotencyError,
    IdempotencyLayer, Layout, ReplayPolicy, UnitOfWork,
};
use local_dynamodb::{DynamoDb, Storage};
use runtime::Failure;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};

fn next_line() -> Result<Option<Value>, std::io::Error> {
    let line = std::io::stdin().lock().lines().next().transpose()?;
    line.map(|line| serde_json::from_str(&line).map_err(std::io::Error::from)).transpose()
}

async fn handle(attempt: Attempt<Value>) -> Result<UnitOfWork<Value>, Failure> {
    let command = attempt.request;
    if command["hold"] == true {
        println!("{}", json!({ "holding": true }));
        tokio::task::spawn_blocking(next_line)
            .await
            .map_err(Failure::retry)?
            .map_err(Failure::retry)?;
    }
    if command["fail"] == true {
        return Err(Failure::retry("asked to fail"));
    }
    Ok(UnitOfWork::new(json!({ "from": "rust", "order": command["event"]["order"] })))
}

async fn obey(client: aws_sdk_dynamodb::Client, command: Value) -> Result<Value, IdempotencyError> {
    let composite = command["composite"] == true;
    let (table, layout) = match composite {
        true => ("composite", Layout::powertools().composite("id", "sort", "idempotency#shared")),
        false => ("simple", Layout::powertools()),
    };
    let store = DynamoDbStore::new(client, table).layout(layout);
    let guard = IdempotencyConfig::new(store, "payments", ReplayPolicy::Refuse)
        .retention(Duration::from_secs(command["retention"].as_u64().unwrap_or(3_600)));
    let by =
        ByJmespath::key("event.order")?.payload("event.amount")?.hashing(Hashing::PowertoolsPython);
    let layer = match command["leased"] == false {
        true => IdempotencyLayer::transactional(guard),
        false => IdempotencyLayer::leased(guard),
    };
    let service = layer.identify_by(by).layer(service_fn(handle));
    Ok(match service.oneshot(command).await {
        Ok(Completion::New(result)) => json!({ "new": result }),
        Ok(Completion::Replayed(result)) => json!({ "replayed": result }),
        Ok(Completion::ReplayRefused) => json!({ "refused": true }),
        Err(failure) => match IdempotencyError::of(&failure) {
            Some(error) => json!({ "error": format!("{error:?}") }),
            None => json!({ "failure": failure.to_string() }),
        },
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = DynamoDb::open(&Storage::Memory)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", json!({ "endpoint": format!("http://{}", listener.local_addr()?) }));
    let router = local_core::router(vec![Arc::new(database.clone())]);
    tokio::spawn(async move { axum::serve(listener, router).await });
    while let Some(command) = tokio::task::spawn_blocking(next_line).await?? {
        println!("{}", obey(database.client(), command).await?);
    }
    Ok(())
}
