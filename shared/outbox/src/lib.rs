//! Publishes what was stored: from a DynamoDB stream to EventBridge, every entry accounted for.
