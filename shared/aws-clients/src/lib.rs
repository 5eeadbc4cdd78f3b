//! AWS SDK clients that start fast inside a Lambda function.
