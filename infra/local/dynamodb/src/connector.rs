//! The SDK's HTTP connector, answered in process.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig};
use local_core::{AwsError, REGION};
use serde_json::{Value, json};

use crate::{DynamoDb, Fault, FaultPlan};

/// How often the SDK tries. Quick, since nothing here is far away.
const ATTEMPTS_MAX: u32 = 2;

pub(crate) fn config(database: DynamoDb, plan: FaultPlan) -> Config {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(
            "local", "local", None,
        )))
        .http_client(InProcess { database, plan })
        .sleep_impl(TokioSleep::new())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS_MAX)
                .with_initial_backoff(std::time::Duration::from_millis(1)),
        )
        .build()
}

#[derive(Debug, Clone)]
struct InProcess {
    database: DynamoDb,
    plan: FaultPlan,
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl InProcess {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let fault = self.plan.next();
        match fault {
            Some(Fault::CrashBefore) => return Err(lost("the process is dead")),
            Some(Fault::Throttle) => {
                return response(Err(AwsError::client("ThrottlingException", "slow down")));
            }
            Some(Fault::Conflict) => {
                let body = request.body().bytes().unwrap_or_default();
                return response(Err(conflict(body)));
            }
            Some(Fault::CrashAfter | Fault::LoseAnswer) | None => (),
        }
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let answer = self.database.execute(operation, body);
        if matches!(fault, Some(Fault::CrashAfter | Fault::LoseAnswer)) {
            return Err(lost("the answer was lost"));
        }
        response(answer)
    }
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

fn lost(reason: &'static str) -> ConnectorError {
    ConnectorError::io(reason.into())
}

fn response(answer: Result<String, AwsError>) -> Result<HttpResponse, ConnectorError> {
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(error) => (error.status, error.body()),
    };
    let status =
        StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status, SdkBody::from(body)))
}
