//! What a state machine is, and what Step Functions refuses to create.

use crate::{
    arn::state_machine_arn,
    definition::{Definition, DefinitionError},
    names::is_resource_name,
};

/// A state machine of the type `STANDARD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMachineSpec {
    /// Its physical name, as in its ARN: 1 to 80 characters.
    pub name: String,
    /// The ARN of the role that it runs as. Executions show it; permissions are not checked.
    pub role_arn: String,
    /// Its definition, in the Amazon States Language, with all substitutions made.
    pub definition: String,
}

impl StateMachineSpec {
    /// The state machine's ARN.
    pub fn arn(&self) -> String {
        state_machine_arn(&self.name)
    }
}

/// Why there is no state machine.
///
/// None of them passes by itself: the template or the definition must be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateMachineError {
    /// The name is not one that AWS takes.
    #[error(
        "state machine {name:?}: a name is 1 to 80 characters without white space and any of \
         < > {{ }} [ ] ? * \" # % \\ ^ | ~ ` $ & , ; : /"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Two state machines have one name.
    #[error("state machine {name:?} is there twice; give one another name")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The definition cannot be run.
    #[error("state machine {name:?}: the definition cannot be run")]
    Definition {
        /// The state machine.
        name: String,
        /// What is wrong, and where.
        source: Box<DefinitionError>,
    },
}

/// A state machine that can be run.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) spec: StateMachineSpec,
    pub(crate) definition: Definition,
}

impl Machine {
    pub(crate) fn new(spec: StateMachineSpec) -> Result<Self, StateMachineError> {
        let name = spec.name.clone();
        if !is_resource_name(&name) {
            return Err(StateMachineError::Name { name });
        }
        let definition = Definition::parse(&spec.definition)
            .map_err(|source| StateMachineError::Definition { name, source: Box::new(source) })?;
        Ok(Self { spec, definition })
    }
}
