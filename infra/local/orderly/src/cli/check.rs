//! `orderly check`: the invariants of a stack that is up.

use std::time::Duration;

use crate::{
    client::http_client,
    console::{bad, good, say},
    invariants::Report,
    stack::INVARIANTS_PATH,
};

/// The stack may first have to come to rest.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
#[error("no stack answers at {url}: start one with `orderly up`, or name its --port")]
pub(super) struct NoStack {
    url: String,
    #[source]
    source: reqwest::Error,
}

/// Asks the stack at `port`, and shows what it says.
pub(super) async fn run(port: u16) -> Result<bool, NoStack> {
    let url = format!("http://127.0.0.1:{port}{INVARIANTS_PATH}");
    let failed = |source| NoStack { url: url.clone(), source };
    let client = http_client(PATIENCE).map_err(failed)?;
    let report: Report =
        client.get(&url).send().await.map_err(failed)?.json().await.map_err(failed)?;
    say(&report);
    if report.holds() {
        say(good(format_args!("all {} invariants hold", report.rows.len())));
    } else {
        say(bad(format_args!("{} invariants do not hold", report.broken())));
    }
    Ok(report.holds())
}
