//! What a role allows, permission by permission.

use std::fmt;

use crate::{
    access::Request,
    caller::Caller,
    decision::applies,
    role::Role,
    statement::{Effect, Statement},
};

/// One action on one resource that a statement of a role allows, both as the statement writes them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// Which statement of the role, counted from 0.
    pub statement: usize,
    /// The action, perhaps with wildcards.
    pub action: String,
    /// The ARN of the resource, perhaps with wildcards.
    pub resource: String,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)
    }
}

impl Role {
    /// Everything that the role allows, in the order of its statements. What another statement
    /// denies is among it.
    pub fn permissions(&self) -> Vec<Permission> {
        let mut permissions = Vec::new();
        for (index, statement) in self.allowing() {
            for action in &statement.actions {
                let of = |resource: &String| permission(index, action, resource);
                permissions.extend(statement.resources.iter().map(of));
            }
        }
        permissions
    }

    /// The permission by which the role allows a request, whatever another statement denies: the
    /// first, where several would do. So one that only repeats another is never named.
    pub fn permission_for(&self, request: &Request) -> Option<Permission> {
        let caller = &Caller::Role { role: self, session: "" };
        self.allowing().find_map(|(index, statement)| {
            let (action, resource) = applies(statement, caller, request)?;
            Some(permission(index, action, resource))
        })
    }

    fn allowing(&self) -> impl Iterator<Item = (usize, &Statement)> {
        self.statements.iter().enumerate().filter(|(_, it)| it.effect == Effect::Allow)
    }
}

fn permission(statement: usize, action: &str, resource: &str) -> Permission {
    Permission { statement, action: action.to_owned(), resource: resource.to_owned() }
}
