//! In which tables the rows of a projection are. Pure.

/// One of the two tables that a projection has. One is read; the other is empty, or has the rows of
/// another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The first, which a new system reads.
    A,
    /// The second.
    B,
}

impl Slot {
    /// The one that this is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// What it is called where it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// The names of the two tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Of [`Slot::A`].
    pub a: String,
    /// Of [`Slot::B`].
    pub b: String,
}

impl Tables {
    /// The table of a slot.
    pub fn of(&self, slot: Slot) -> &str {
        match slot {
            Slot::A => &self.a,
            Slot::B => &self.b,
        }
    }
}

/// Which table is read, and which are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The table that is read.
    pub reads: Slot,
    /// The version of its rows.
    pub version: u32,
    /// The version of the rows of the other table, if that is written as well.
    pub beside: Option<u32>,
    /// How often this was changed.
    pub revision: u64,
}

/// A placement cannot be changed like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// There is a version in the other table already.
    #[error("version {0} is in the other table: switch to it or drop it before another is built")]
    Occupied(u32),
    /// There is nothing to switch to, or to drop.
    #[error("the other table is not in use: rebuild the projection first")]
    Vacant,
}

impl Placement {
    /// What a projection has that was never rebuilt: one table, with rows of the first version.
    pub const FIRST: Self = Self { reads: Slot::A, version: 1, beside: None, revision: 0 };

    /// The table that is not read, if it is written.
    pub const fn building(&self) -> Option<Slot> {
        match self.beside {
            Some(_) => Some(self.reads.other()),
            None => None,
        }
    }

    /// Writes the other table as well, with rows of `version`.
    ///
    /// # Errors
    ///
    /// [`PlacementError::Occupied`] when it is written already.
    pub const fn begin(self, version: u32) -> Result<Self, PlacementError> {
        match self.beside {
            Some(version) => Err(PlacementError::Occupied(version)),
            None => Ok(self.next(self.reads, self.version, Some(version))),
        }
    }

    /// Reads the other table, and goes on to write both, so that it can be switched back.
    ///
    /// # Errors
    ///
    /// [`PlacementError::Vacant`] when the other table is not written.
    pub const fn switch(self) -> Result<Self, PlacementError> {
        match self.beside {
            Some(version) => Ok(self.next(self.reads.other(), version, Some(self.version))),
            None => Err(PlacementError::Vacant),
        }
    }

    /// Writes the table that is read alone.
    ///
    /// # Errors
    ///
    /// [`PlacementError::Vacant`] when that is so.
    pub const fn drop_other(self) -> Result<Self, PlacementError> {
        match self.beside {
            Some(_) => Ok(self.next(self.reads, self.version, None)),
            None => Err(PlacementError::Vacant),
        }
    }

    const fn next(self, reads: Slot, version: u32, beside: Option<u32>) -> Self {
        Self { reads, version, beside, revision: self.revision + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_built_beside_the_other_switched_to_and_back_and_dropped() {
        let first = Placement::FIRST;
        let both = first.begin(2).unwrap();
        assert_eq!((both.reads, both.version, both.building()), (Slot::A, 1, Some(Slot::B)));
        let switched = both.switch().unwrap();
        assert_eq!((switched.reads, switched.version, switched.beside), (Slot::B, 2, Some(1)));
        let back = switched.switch().unwrap();
        assert_eq!((back.reads, back.version, back.beside), (Slot::A, 1, Some(2)));
        let alone = switched.drop_other().unwrap();
        assert_eq!(alone, Placement { reads: Slot::B, version: 2, beside: None, revision: 3 });
    }

    #[test]
    fn what_is_not_there_is_neither_switched_to_nor_dropped_nor_built_over() {
        let first = Placement::FIRST;
        assert_eq!(first.switch(), Err(PlacementError::Vacant));
        assert_eq!(first.drop_other(), Err(PlacementError::Vacant));
        assert_eq!(first.begin(2).unwrap().begin(3), Err(PlacementError::Occupied(2)));
    }
}
