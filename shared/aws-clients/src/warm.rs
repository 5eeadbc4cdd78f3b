//! Opening a connection before it is needed.
//!
//! While a function initializes it has more of a CPU than in its calls, and TLS is the largest
//! part of a first call.

use std::time::Duration;

use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{HttpConnector, SharedHttpConnector},
        orchestrator::HttpRequest,
    },
};
use aws_smithy_types::byte_stream::ByteStream;

use crate::{AwsEnv, Service};

/// The request that opens a connection to DynamoDB.
#[derive(Debug, Clone)]
pub(crate) struct WarmUp {
    pool: SharedHttpConnector,
    region: String,
    endpoint_url: Option<String>,
    use_fips: bool,
    use_dual_stack: bool,
    timeout: Duration,
}

impl WarmUp {
    pub(crate) fn new(env: &AwsEnv, pool: &SharedHttpConnector) -> Self {
        Self {
            pool: pool.clone(),
            region: env.region.clone(),
            endpoint_url: env.endpoint_of(Service::DynamoDb).map(str::to_owned),
            use_fips: env.use_fips,
            use_dual_stack: env.use_dual_stack,
            timeout: env.timeouts.attempt,
        }
    }

    /// Leaves an open connection in the pool. Any answer will do: DynamoDB answers
    /// `GET /` with its health.
    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ats-certs.html>.
    pub(crate) async fn run(&self) -> Result<(), BoxError> {
        let params = Params::builder()
            .region(self.region.clone())
            .set_endpoint(self.endpoint_url.clone())
            .use_fips(self.use_fips)
            .use_dual_stack(self.use_dual_stack)
            .build()?;
        let endpoint = DefaultResolver::new().resolve_endpoint(&params).await?;
        let request = HttpRequest::get(endpoint.url())?;
        let exchange = async {
            let response = self.pool.call(request).await?;
            // A connection is free for the next request only once the answer is read.
            ByteStream::new(response.into_body()).collect().await?;
            Ok(())
        };
        tokio::time::timeout(self.timeout, exchange).await?
    }
}
