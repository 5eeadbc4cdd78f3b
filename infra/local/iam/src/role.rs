//! Whose policies there are.

use crate::statement::Statement;

/// A role: what its policies say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The statements of all its policies.
    pub statements: Vec<Statement>,
}

/// The policy of a queue or bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePolicy {
    /// The ARN of what it is the policy of.
    pub resource: String,
    /// Its statements.
    pub statements: Vec<Statement>,
}
