//! The order system on one machine, with one command.
