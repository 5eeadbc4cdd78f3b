//! Answers one line for each line of standard input: `{"pattern": …, "event": …}` gives `true`,
//! `false`, or `error` and what is wrong with the pattern.
//!
//! ```sh
//! echo '{"pattern": {"source": ["aws.s3"]}, "event": {"source": "aws.s3"}}' |
//!     cargo run -q -p local-event-pattern --example match-lines
//! ```
#![expect(clippy::print_stdout, reason = "a filter writes to standard output")]

use std::{
    error::Error,
    io::{BufRead, stdin},
};

use local_event_pattern::Pattern;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        match Pattern::parse(&case["pattern"]) {
            Ok(pattern) => println!("{}", pattern.matches(&case["event"])),
            Err(error) => println!("error {error}"),
        }
    }
    Ok(())
}
