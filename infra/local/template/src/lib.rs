//! Reads the SAM template into what a stack is made of.
