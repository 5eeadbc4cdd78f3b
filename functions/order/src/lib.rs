//! Orders: the commands of customers, and the facts of other services, as one event-sourced stream each.
