//! Payments: an order is charged once, and refunded once if it must be.
