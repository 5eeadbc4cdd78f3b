//! Says of each line of its input whether a webhook is signed as it has to be: for comparison with
//! the SDKs of others. A line is JSON with `secret`, `header`, `body` and `now` (seconds since 1970).
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "an example ends by panicking")]

use payment::webhooks::{Signature, SigningSecrets};
use serde_json::Value;
use time::OffsetDateTime;

fn main() {
    for line in std::io::stdin().lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |name: &str| line[name].as_str().unwrap();
        let now = OffsetDateTime::from_unix_timestamp(line["now"].as_i64().unwrap()).unwrap();
        let secrets = SigningSecrets::parse(text("secret").to_owned()).unwrap();
        let is_signed = Signature::parse(text("header")).is_some_and(|signature| {
            signature.is_of_now(now) && secrets.have_signed(&signature, text("body").as_bytes())
        });
        println!("{is_signed}");
    }
}
