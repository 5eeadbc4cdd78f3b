//! The SDK's HTTP connector, answered in process.

use std::{fmt, future::Future, sync::Arc};

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
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig};
use aws_types::{SdkConfig, region::Region};
use bytes::Bytes;

use crate::{REGION, error::AwsError, service::Service};

type Answer = dyn Fn(HttpRequest) -> HttpConnectorFuture + Send + Sync;

/// A connector for clients of the SDK that no socket is behind. Clones are the same one.
#[derive(Clone)]
pub struct InProcess(Arc<Answer>);

impl InProcess {
    /// A connector that has each request answered by `answer`.
    pub fn new<F>(answer: impl Fn(HttpRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<HttpResponse, ConnectorError>> + Send + 'static,
    {
        Self(Arc::new(move |request| HttpConnectorFuture::new(answer(request))))
    }

    /// A connector that leads to `service`; what is meant for another gets its refusal.
    pub fn to(service: Arc<dyn Service>) -> Self {
        Self::new(move |request| {
            let service = Arc::clone(&service);
            async move {
                let target = request.headers().get("x-amz-target").unwrap_or_default();
                let body = request.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default();
                response(match target.split_once('.') {
                    Some((prefix, operation)) if service.targets().contains(&prefix) => {
                        service.call(operation, body).await
                    }
                    _ => Err(AwsError::unknown_operation(target)),
                })
            }
        })
    }

    /// Has a request answered.
    pub fn send(&self, request: HttpRequest) -> HttpConnectorFuture {
        (self.0)(request)
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InProcess")
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
        self.send(request)
    }
}

/// What a service answered, as the SDK gets it.
///
/// # Errors
/// The error's status is none of HTTP's.
pub fn response(
    answer: Result<impl Into<SdkBody>, AwsError>,
) -> Result<HttpResponse, ConnectorError> {
    let (status, body) = match answer {
        Ok(body) => (200, body.into()),
        Err(error) => (error.status, error.body().into()),
    };
    let status =
        StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status, body))
}

/// What any client of the SDK needs to go through `connector`: `Client::new(&sdk_config(…))`. It
/// tries once, so that every failure is seen.
pub fn sdk_config(connector: InProcess) -> SdkConfig {
    let credentials = Credentials::from_keys("local", "local", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(connector)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::disabled())
        .build()
}
