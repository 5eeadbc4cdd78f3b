//! `orderly up`: the stack, and what to do with it.

use crate::{
    console::{aside, heading, say},
    stack::Stack,
};

/// Says where everything is, and waits for ever.
pub(super) async fn run(stack: &Stack) -> bool {
    welcome(stack);
    std::future::pending().await
}

fn welcome(stack: &Stack) {
    let address = |name: &str, url: &str, what: &str| {
        say(format_args!("  {name:<12} {url:<33} {}", aside(what)));
    };
    say(heading("\nOrderly is up"));
    address("API", stack.api_url(), "the bearer token is the customer");
    address(
        "AWS",
        stack.endpoint_url(),
        "AWS_ENDPOINT_URL, cargo lambda invoke, aws --endpoint-url",
    );
    address("Payments", &format!("{}/payments", stack.sandboxes_url()), "GET /_sandbox/ledger");
    address("Carrier", &format!("{}/carrier", stack.sandboxes_url()), "GET /_sandbox/ledger");
    address("Mails", &format!("{}/_sandbox/mails", stack.endpoint_url()), "");
    if let Some(directory) = stack.logs().directory() {
        address("Logs", &directory.display().to_string(), "");
    }
    let overview = stack.overview();
    if !overview.is_empty() {
        say(format_args!("\n{}", overview.to_string().trim_end()));
    }
    say(heading("\nPlace an order"));
    say(curl(stack.api_url()));
    say(heading("\nAnd see what becomes of it"));
    say(format_args!("  curl -s -H 'Authorization: Bearer user-123' {}/orders", stack.api_url()));
    say(heading("\nCheck what must always hold"));
    let port = stack.endpoint_url().rsplit(':').next().unwrap_or_default();
    say(format_args!("  cargo run -- check --port {port}"));
    say(format_args!("\n{}", aside("Ctrl-C stops everything")));
}

/// A command that can be pasted into a shell.
fn curl(api: &str) -> String {
    let body = r#"{"items":[{"productId":"prod-001","quantity":2},{"productId":"prod-002","quantity":1}],"total":109.97}"#;
    [
        format!("  curl -i {api}/orders \\"),
        "    -H 'Authorization: Bearer user-123' -H 'Idempotency-Key: my-first-order' \\"
            .to_owned(),
        format!("    -H 'Content-Type: application/json' -d '{body}'"),
    ]
    .join("\n")
}
