//! What one line of states leaves behind as it is followed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    definition::StateType,
    limits::{DATA_BYTES_MAX, VARIABLES_BYTES_MAX},
};

/// More is assigned than there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

/// One line of states: the machine's own, or a branch.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// The event that the next one follows from; 0 at the start of the execution.
    pub(super) last: u64,
    /// The variables that the line sees: those assigned so far, and those around it.
    variables: Map<String, Value>,
    /// The bytes of each variable as JSON.
    bytes: BTreeMap<String, usize>,
    /// The type of the state that has been entered and not been left.
    pub(super) inside: Option<StateType>,
    /// Whether the line ended in a failure.
    pub(super) has_failed: bool,
}

impl Trail {
    /// The trail of a branch that begins here. It reads the variables so far; what it assigns is
    /// its own.
    pub(super) fn branch(&self) -> Self {
        let (variables, bytes) = (self.variables.clone(), self.bytes.clone());
        Self { last: self.last, variables, bytes, ..Self::default() }
    }

    pub(super) fn variables(&self) -> &Map<String, Value> {
        &self.variables
    }

    /// Assigns variables, and returns each as JSON text.
    ///
    /// # Errors
    ///
    /// When they are too large, together or with those that are there already.
    pub(super) fn assign(
        &mut self,
        assigned: Map<String, Value>,
    ) -> Result<BTreeMap<String, String>, NoRoom> {
        let mut texts = BTreeMap::new();
        for (name, value) in assigned {
            let text = value.to_string();
            self.bytes.insert(name.clone(), text.len());
            self.variables.insert(name.clone(), value);
            texts.insert(name, text);
        }
        let at_once: usize = texts.values().map(String::len).sum();
        let together: usize = self.bytes.values().sum();
        if at_once > DATA_BYTES_MAX || together > VARIABLES_BYTES_MAX {
            return Err(NoRoom);
        }
        Ok(texts)
    }

    /// Whether a state that will not be left has been entered, and how AWS calls that.
    pub(super) fn aborted(&self) -> Option<StateType> {
        self.inside.filter(|state_type| match state_type {
            StateType::Parallel | StateType::Task | StateType::Wait => true,
            StateType::Choice | StateType::Fail | StateType::Pass | StateType::Succeed => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{NoRoom, Trail};
    use crate::limits::{DATA_BYTES_MAX, VARIABLES_BYTES_MAX};

    fn of_bytes(name: &str, count: usize) -> Map<String, Value> {
        Map::from_iter([(name.to_owned(), json!("x".repeat(count - 2)))])
    }

    #[test]
    fn one_assign_has_room_for_256_kib() {
        let mut trail = Trail::default();
        assert!(trail.assign(of_bytes("x", DATA_BYTES_MAX)).is_ok());
        assert_eq!(trail.assign(of_bytes("x", DATA_BYTES_MAX + 1)), Err(NoRoom));
        let mut two = of_bytes("y", DATA_BYTES_MAX / 2);
        two.extend(of_bytes("z", DATA_BYTES_MAX / 2 + 1));
        assert_eq!(Trail::default().assign(two), Err(NoRoom));
    }

    #[test]
    fn all_variables_have_room_for_ten_mebibytes() {
        let mut trail = Trail::default();
        for n in 0..VARIABLES_BYTES_MAX / DATA_BYTES_MAX {
            assert!(trail.assign(of_bytes(&format!("x{n}"), DATA_BYTES_MAX)).is_ok(), "{n}");
        }
        assert!(trail.assign(of_bytes("x0", DATA_BYTES_MAX)).is_ok(), "it takes the place of one");
        assert_eq!(trail.branch().assign(of_bytes("y", 3)), Err(NoRoom));
        assert_eq!(trail.assign(of_bytes("y", 3)), Err(NoRoom));
    }
}
