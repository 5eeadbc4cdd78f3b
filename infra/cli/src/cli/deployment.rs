//! Which deployed stack is meant, and with which credentials: on AWS, or on this machine.

use std::error::Error;

use aws_clients::{AwsEnv, Credentials};
use clap::Args;

/// A stack on this machine checks no caller's identity.
const LOCAL: &str = "local";
const LOCAL_REGION: &str = "us-east-1";

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(super) struct Deployment {
    /// The name of the stack
    #[arg(long, value_name = "NAME", default_value = "orderly")]
    pub(super) stack: String,
    /// Where AWS's services are, e.g. `http://127.0.0.1:9000` (default: AWS)
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The region (default: `AWS_REGION`)
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

impl Deployment {
    /// What clients of its services are made of.
    ///
    /// # Errors
    ///
    /// When the environment has no region or no credentials, and AWS asks for them.
    pub(super) fn environment(&self) -> Result<AwsEnv, Box<dyn Error>> {
        let env = match &self.region {
            Some(region) => AwsEnv::from_env_in(region),
            None => AwsEnv::from_env(),
        };
        let Some(endpoint) = &self.endpoint else { return Ok(env?) };
        // With an endpoint of one's own, credentials are needed only where the endpoint checks them.
        let env = env.unwrap_or_else(|_| {
            let region = self.region.as_deref().unwrap_or(LOCAL_REGION);
            AwsEnv::new(region, Credentials::new(LOCAL, LOCAL, None, None, LOCAL))
        });
        Ok(AwsEnv { endpoint_url: Some(endpoint.clone()), ..env })
    }
}
