/// Why a policy cannot be followed. It does not pass by itself: the policy must be changed, or this
/// crate taught what it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct PolicyError {
    /// Where in the policy, e.g. `Statement[0].Condition.StringLike`.
    pub at: String,
    /// What is wrong there.
    pub problem: String,
}

impl PolicyError {
    pub(crate) fn new(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { at: at.into(), problem: problem.into() }
    }

    /// The same, seen from further out.
    pub(crate) fn within(self, outer: &str) -> Self {
        let at = if self.at.is_empty() { outer.to_owned() } else { format!("{outer}.{}", self.at) };
        Self { at, ..self }
    }
}
