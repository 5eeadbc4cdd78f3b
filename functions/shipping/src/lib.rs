//! Shipments: one per paid order, none for a cancelled one.
