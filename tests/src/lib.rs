//! Stories over all functions, and the rules of ARCHITECTURE.md: both are in `tests/`.
