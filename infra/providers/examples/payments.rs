//! The stand-in of the payment provider alone, on a free port that it prints: for clients of others.
//! With the URL of an endpoint and its signing secret as arguments it sends webhooks there.

use std::io::Write;

use provider_stubs::{Payments, Webhook};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let payments = Payments::default().with_saved_cards();
    let mut arguments = std::env::args().skip(1);
    if let (Some(url), Some(secret)) = (arguments.next(), arguments.next()) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::new();
        tokio::spawn(payments.clone().send_webhooks(secret, move |Webhook { body, signature }| {
            let request = client.post(&url).header("stripe-signature", signature);
            let request = request.header("content-type", "application/json").body(body);
            async move { request.send().await.is_ok_and(|answer| answer.status().is_success()) }
        }));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    axum::serve(listener, payments.router()).await
}
