//! The services that have paths: mail, and functions.

use serde_json::Value;

use super::{Call, Request, arn, arn_of, text};

const FUNCTIONS: &str = "/2015-03-31/functions/";

pub(super) fn needs(call: &Call<'_>) -> Vec<Request> {
    let Call { path, method, .. } = *call;
    if (method, path) == ("POST", "/v2/email/outbound-emails") {
        let body = serde_json::from_slice(call.body).unwrap_or(Value::Null);
        let sender = address(text(&body, "FromEmailAddress"));
        let identity = arn("ses", &format!("identity/{sender}"));
        return vec![Request::new("ses:SendEmail", identity).with("ses:FromAddress", [sender])];
    }
    let invoked = path.strip_prefix(FUNCTIONS).and_then(|it| it.strip_suffix("/invocations"));
    match invoked {
        Some(function) if method == "POST" => {
            // In a path, an ARN has its colons escaped.
            let function = function.replace("%3A", ":").replace("%3a", ":");
            vec![Request::new("lambda:InvokeFunction", arn_of("lambda", "function:", &function))]
        }
        Some(_) | None => Vec::new(),
    }
}

/// The address of `Name <address>`.
fn address(sender: &str) -> &str {
    sender.rsplit_once('<').map_or(sender, |(_, rest)| rest.trim_end().trim_end_matches('>')).trim()
}
