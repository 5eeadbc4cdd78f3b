//! From a batch of SQS records to one typed handler call each.
