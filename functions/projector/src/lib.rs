//! Read models: what queries read, folded from events.
