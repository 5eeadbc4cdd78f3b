//! EventBridge on one machine: buses, rules, retries, archives, replays.
