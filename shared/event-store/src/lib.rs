//! Append-only streams of events in DynamoDB, and the one loop that turns a command into new events.
