//! The SDK's HTTP connector, answered in process.

use std::{fmt, sync::Arc};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::{
    client::{
        behavior_version::BehaviorVersion,
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig};
use aws_types::{SdkConfig, region::Region};
use local_core::{Bytes, REGION, Service};

/// What any client of the SDK for a JSON protocol needs to reach `service` without a socket:
/// `Client::new(&sdk_config(service))`. It tries once, so that a test sees every failure.
pub fn sdk_config(service: Arc<dyn Service>) -> SdkConfig {
    let credentials = Credentials::from_keys("local", "local", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(InProcess(service))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::disabled())
        .build()
}

#[derive(Clone)]
struct InProcess(Arc<dyn Service>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InProcess").field(&self.0.targets()).finish()
    }
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
        let service = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap();
            let (prefix, operation) = target.split_once('.').unwrap();
            assert!(service.targets().contains(&prefix), "{prefix} is another service");
            let body = Bytes::copy_from_slice(request.body().bytes().unwrap());
            let (status, body) = match service.call(operation, body).await {
                Ok(body) => (200, SdkBody::from(body)),
                Err(error) => (error.status, SdkBody::from(error.body())),
            };
            Ok(HttpResponse::new(StatusCode::try_from(status).unwrap(), body))
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};
    use local_sqs::{QueueSpec, Sqs};

    use super::*;
    use crate::stack::ENDPOINT;

    #[tokio::test]
    async fn a_client_reads_the_answers_and_errors_of_a_service_in_process() {
        let sqs = Sqs::new(ENDPOINT);
        sqs.create_queue(QueueSpec::named("mail")).unwrap();
        let client = Client::new(&sdk_config(Arc::new(sqs.clone())));
        let url = sqs.queue_url("mail");
        client.send_message().queue_url(&url).message_body("hello").send().await.unwrap();
        assert_eq!(sqs.peek("mail").unwrap()[0].body, "hello");

        let nowhere = client.get_queue_url().queue_name("post").send().await.unwrap_err();
        let code = nowhere.code().unwrap_or_default().to_owned();
        assert!(code.ends_with("QueueDoesNotExist"), "{code}");
    }
}
