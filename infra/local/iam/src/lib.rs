//! Who may do what on one machine: the statements of policies, evaluated as AWS does, and what each
//! request needs of them.
//!
//! Nothing is allowed that no statement allows, and what one denies is denied whatever others say.
//! It reads strictly: an element, an operator or a key of a condition that is not known here is
//! refused when the policy is read, for a condition passed over would allow what AWS refuses.
//!
//! An [`Authority`] knows the roles of functions and the policies of queues and buses. It tells the
//! function behind a request by the access key, and refuses in the words of the service asked. It also says
//! which [`Permission`] a call was allowed by, so that a test can find those that nothing uses.
//!
//! Left out: permissions boundaries, session policies and policies of an organisation, more than one
//! account, keys of KMS, and signatures, which are not checked here.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

mod access;
mod authority;
mod caller;
mod condition;
mod decision;
mod error;
mod permission;
mod refusal;
mod role;
mod statement;
mod text;

pub use access::{Call, Context, Request, SocketApis, Tables};
pub use authority::{Authority, access_key_of};
pub use caller::Caller;
pub use decision::{Reason, decide};
pub use error::PolicyError;
pub use permission::Permission;
pub use role::{ResourcePolicy, Role};
pub use statement::{Statement, identity_policy, resource_policy};
