//! SQS on one machine.
