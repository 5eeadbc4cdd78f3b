//! Stories over all functions.
