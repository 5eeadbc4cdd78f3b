//! Carries stored events from the tables' streams to the bus.
