//! What the local services have in common.
//!
//! Each implements [`Service`], the AWS JSON protocols as a server speaks them; [`router`] puts
//! several of them behind one endpoint, which is what `AWS_ENDPOINT_URL` of a function names, and
//! [`InProcess`] lets clients of the SDK reach them without a socket. Time is read from one
//! [`Clock`], and written as [`moment`] has it.

mod clock;
mod connector;
mod counter;
mod error;
mod guard;
mod ids;
pub mod moment;
mod protocol;
mod retry;
pub mod script;
mod service;

pub use bytes::Bytes;

pub use clock::Clock;
pub use connector::{InProcess, response, sdk_config};
pub use counter::Counter;
pub use error::AwsError;
pub use guard::guarded;
pub use ids::{Ids, request_id, uuid};
pub use protocol::{Protocol, closed};
pub use retry::{Exhausted, RetryPolicy, doubled};
pub use service::{Reply, Service, router};

/// The account every local ARN names.
pub const ACCOUNT: &str = "000000000000";
/// The region every local ARN names, unless the stack has another.
pub const REGION: &str = "us-east-1";
