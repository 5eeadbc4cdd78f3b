//! The SDK's HTTP connector, with this database behind it.

use aws_sdk_dynamodb::config::{Builder, Config};
use aws_smithy_runtime_api::client::{
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::retry::RetryConfig;
use local_core::{AwsError, InProcess, response, sdk_config};
use serde_json::{Value, json};

use crate::{DynamoDb, Fault, FaultPlan};

/// How often the SDK tries. Quick, since nothing here is far away.
const ATTEMPTS_MAX: u32 = 2;

pub(crate) fn config(connector: InProcess) -> Config {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(std::time::Duration::from_millis(1));
    Builder::from(&sdk_config(connector)).retry_config(retries).build()
}

/// A connector to `database` that meets the faults of `plan`.
pub(crate) fn connector(database: DynamoDb, plan: FaultPlan) -> InProcess {
    InProcess::new(move |request| std::future::ready(answer(&database, &plan, &request)))
}

fn answer(
    database: &DynamoDb,
    plan: &FaultPlan,
    request: &HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let body = request.body().bytes().unwrap_or_default();
    let fault = plan.next();
    match fault {
        Some(Fault::CrashBefore) => return Err(lost("the process is dead")),
        Some(Fault::Throttle) => {
            return refused(AwsError::client("ThrottlingException", "slow down"));
        }
        Some(Fault::Conflict) => return refused(conflict(body)),
        Some(Fault::CrashAfter | Fault::LoseAnswer) | None => (),
    }
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let answer = database.execute(operation, body);
    if matches!(fault, Some(Fault::CrashAfter | Fault::LoseAnswer)) {
        return Err(lost("the answer was lost"));
    }
    response(answer)
}

/// What a write meets while another transaction holds its item: a transaction learns it from its
/// cancellation reasons, a single write from an error of its own. `body` is that of the request.
pub fn conflict(body: &[u8]) -> AwsError {
    let message = "Transaction is ongoing for the item";
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(items) = parsed["TransactItems"].as_array() else {
        return AwsError::client("TransactionConflictException", message);
    };
    let reasons = (0..items.len()).map(|index| match index {
        0 => json!({ "Code": "TransactionConflict", "Message": message }),
        _ => json!({ "Code": "None" }),
    });
    let mut error = AwsError::client("TransactionCanceledException", "Transaction cancelled");
    error.members.insert("CancellationReasons".to_owned(), reasons.collect());
    error
}

fn refused(error: AwsError) -> Result<HttpResponse, ConnectorError> {
    response(Err::<String, _>(error))
}

fn lost(reason: &'static str) -> ConnectorError {
    ConnectorError::io(reason.into())
}
