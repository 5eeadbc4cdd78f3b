//! What a function is told of a projection.

use runtime::{ConfigError, Environment};

use crate::placement::Tables;

/// Where the rows of a projection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionConfig {
    /// The name of the projection.
    pub name: String,
    /// Its tables.
    pub tables: Tables,
    /// The table with the placement of each projection.
    pub placements: String,
}

impl ProjectionConfig {
    /// Reads where the projection `name` is: its two tables from the variables with these names, the
    /// table of placements from `PROJECTIONS_TABLE`.
    ///
    /// # Errors
    ///
    /// When one of them is missing.
    pub fn read(
        environment: &Environment,
        name: &str,
        [a, b]: [&'static str; 2],
    ) -> Result<Self, ConfigError> {
        let tables = Tables { a: environment.required(a)?, b: environment.required(b)? };
        let placements = environment.required("PROJECTIONS_TABLE")?;
        Ok(Self { name: name.to_owned(), tables, placements })
    }
}
