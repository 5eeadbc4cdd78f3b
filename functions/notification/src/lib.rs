//! Mails to the customer, one for each thing worth knowing.
