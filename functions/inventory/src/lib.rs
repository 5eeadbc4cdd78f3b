//! Stock and reservations: all lines of an order or none.
