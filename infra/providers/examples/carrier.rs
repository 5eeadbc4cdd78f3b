//! The stand-in of the carrier alone, on a free port that it prints: for clients of others.

use std::io::Write;

use provider_stubs::Carrier;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    axum::serve(listener, Carrier::default().router()).await
}
