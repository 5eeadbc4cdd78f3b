//! One effect per event, however often it is delivered.
