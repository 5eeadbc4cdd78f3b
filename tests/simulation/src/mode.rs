//! Who drives orders.

/// What the template's parameter `FulfilmentMode` can be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The services, each on the events of the others.
    #[default]
    Choreography,
    /// A workflow, by tasks of the services.
    Orchestration,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Choreography, Self::Orchestration];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Choreography => Self::Orchestration,
            Self::Orchestration => Self::Choreography,
        }
    }

    /// The value of the parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Choreography => "choreography",
            Self::Orchestration => "orchestration",
        }
    }
}
