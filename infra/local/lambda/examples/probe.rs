//! A function that does what its event asks for, for the tests of the host.
//!
//! `{"do": …}` is one of `echo`, `fail`, `panic`, `exit`, `hang`, `log`, `environment`, `big`;
//! an event with `Records` is a batch, of which each record is noted in the file `$JOURNAL`, and
//! those whose text contains `fail` are reported as failed, or fail the whole batch.

use std::{collections::BTreeMap, io::Write, time::Duration};

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = variables();
    note(&variables, "STARTS", "start")?;
    match variables.get("INIT").map(String::as_str) {
        Some("exit") => std::process::exit(7),
        Some("hang") => tokio::time::sleep(Duration::from_secs(3600)).await,
        _ => (),
    }
    run(service_fn(|event| handle(event, &variables))).await
}

async fn handle(
    event: LambdaEvent<Value>,
    variables: &BTreeMap<String, String>,
) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    if let Some(records) = payload["Records"].as_array() {
        return batch(records, variables);
    }
    note(variables, "JOURNAL", &payload.to_string())?;
    if let Some(milliseconds) = payload["sleep_ms"].as_u64() {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    match payload["do"].as_str() {
        Some("fail") => Err("asked to fail".into()),
        Some("panic") => panic!("asked to panic"),
        Some("exit") => std::process::exit(3),
        Some("hang") => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(Value::Null)
        }
        Some("log") => {
            writeln!(std::io::stdout(), "to stdout")?;
            writeln!(std::io::stderr(), "to stderr")?;
            Ok(Value::Null)
        }
        Some("environment") => Ok(json!(variables)),
        Some("big") => Ok("x".repeat(7 * 1024 * 1024).into()),
        _ => Ok(json!({
            "echo": payload,
            "pid": std::process::id(),
            "request_id": context.request_id,
            "deadline_ms": context.deadline,
            "arn": context.invoked_function_arn,
            "trace": context.xray_trace_id,
        })),
    }
}

fn batch(records: &[Value], variables: &BTreeMap<String, String>) -> Result<Value, Error> {
    let lines: Vec<String> = records.iter().map(text).collect();
    note(variables, "JOURNAL", &lines.join(" "))?;
    let failed = records.iter().filter(|record| text(record).contains("fail"));
    let failures: Vec<Value> =
        failed.map(|record| json!({ "itemIdentifier": identifier(record) })).collect();
    if variables.contains_key("WHOLE_BATCH") && !failures.is_empty() {
        return Err("asked to fail".into());
    }
    match variables.get("ANSWER") {
        Some(answer) => Ok(serde_json::from_str(answer)?),
        None => Ok(json!({ "batchItemFailures": failures })),
    }
}

/// What a test put into a record: the body of a message, or the attribute `text` of an item.
fn text(record: &Value) -> String {
    let text = record["body"].as_str().or(record["dynamodb"]["NewImage"]["text"]["S"].as_str());
    text.unwrap_or_default().to_owned()
}

fn identifier(record: &Value) -> Option<&str> {
    record["messageId"].as_str().or(record["dynamodb"]["SequenceNumber"].as_str())
}

/// Appends a line to the file that the variable `file` names, if it is set.
fn note(variables: &BTreeMap<String, String>, file: &str, line: &str) -> Result<(), Error> {
    if let Some(path) = variables.get(file) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "reading its environment is what it is for")]
fn variables() -> BTreeMap<String, String> {
    std::env::vars().collect()
}
