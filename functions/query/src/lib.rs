//! Questions about orders and products.
