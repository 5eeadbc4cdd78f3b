//! `orderly up`: the stack, and what to do with it.

use local_stack::console::{aside, heading, say};
use local_template::{Function, Route};

use crate::{Shop, shop::short_name};

/// Says where everything is, and waits for ever.
pub(super) async fn run(shop: &Shop) -> bool {
    welcome(shop);
    std::future::pending().await
}

fn welcome(shop: &Shop) {
    let is_shop = shop.takes_orders();
    say(heading(if is_shop { "\nOrderly is up" } else { "\nThe template is up" }));
    let caller = if is_shop { "customer" } else { "caller" };
    address("API", shop.api_url(), &format!("the bearer token is the {caller}"));
    address(
        "AWS",
        shop.endpoint_url(),
        "AWS_ENDPOINT_URL, cargo lambda invoke, aws --endpoint-url",
    );
    if let Some(url) = shop.socket_url() {
        address("WebSocket", &url, "npx wscat -c");
    }
    if is_shop {
        address("Payments", &format!("{}/payments", shop.providers_url()), "GET /_sandbox/ledger");
        address("Carrier", &format!("{}/carrier", shop.providers_url()), "GET /_sandbox/ledger");
    }
    address("Mails", &format!("{}/_sandbox/mails", shop.endpoint_url()), "");
    if let Some(directory) = shop.logs().directory() {
        address("Logs", &directory.display().to_string(), "");
    }
    let overview = shop.overview();
    if !overview.is_empty() {
        say(format_args!("\n{}", overview.to_string().trim_end()));
    }
    if is_shop {
        orders(shop);
    } else {
        let template = shop.template();
        list("Functions", template.functions.iter().map(function));
        list("Routes", template.routes.iter().map(route));
    }
    say(format_args!("\n{}", aside("Ctrl-C stops everything")));
}

fn address(name: &str, url: &str, what: &str) {
    say(format_args!("  {name:<12} {url:<33} {}", aside(what)));
}

/// What can be done with a shop.
fn orders(shop: &Shop) {
    say(heading("\nPlace an order"));
    say(curl(shop.api_url()));
    say(heading("\nAnd see what becomes of it"));
    say(format_args!("  curl -s -H 'Authorization: Bearer user-123' {}/orders", shop.api_url()));
    say(heading("\nCheck what must always hold"));
    let port = shop.endpoint_url().rsplit(':').next().unwrap_or_default();
    say(format_args!("  cargo run -- check --port {port}"));
}

/// What there is of a template that is not the shop's.
fn list(title: &str, lines: impl Iterator<Item = String>) {
    for (number, line) in lines.enumerate() {
        if number == 0 {
            say(format_args!("\n{}", heading(title)));
        }
        say(format_args!("  {line}"));
    }
}

fn function(function: &Function) -> String {
    format!("{:<28} {}", short_name(&function.name), aside(&function.binary))
}

fn route(route: &Route) -> String {
    format!("{:<6} {:<21} {}", route.method, route.path, aside(short_name(&route.function)))
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
