//! `orderly check`: the invariants of a stack that is up, and what its state machines and
//! schedules have done.

use std::time::Duration;

use invariants::Report;
use local_stack::{OVERVIEW_PATH, Overview, console::say};
use reqwest::Client;
use serde::de::DeserializeOwned;

use crate::{
    client::http_client,
    shop::INVARIANTS_PATH,
    snapshot::{conclude, shown},
};

/// The stack may first have to come to rest.
const WAIT_MAX: Duration = Duration::from_secs(90);

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
    let url = format!("http://127.0.0.1:{port}");
    let failed = |source| NoStack { url: url.clone(), source };
    let client = http_client(WAIT_MAX).map_err(failed)?;
    let report: Report = ask(&client, format!("{url}{INVARIANTS_PATH}")).await.map_err(failed)?;
    let overview: Overview = ask(&client, format!("{url}{OVERVIEW_PATH}")).await.map_err(failed)?;
    say(shown(&report));
    if !overview.is_empty() {
        say(&overview);
    }
    conclude(&report, "");
    Ok(report.holds())
}

/// What the stack at `port` answers at `path`.
pub(super) async fn get<T: DeserializeOwned>(
    port: u16,
    path: &str,
    patience: Duration,
) -> Result<T, NoStack> {
    let url = format!("http://127.0.0.1:{port}");
    let failed = |source| NoStack { url: url.clone(), source };
    let client = http_client(patience).map_err(failed)?;
    ask(&client, format!("{url}{path}")).await.map_err(failed)
}

async fn ask<T: DeserializeOwned>(client: &Client, url: String) -> Result<T, reqwest::Error> {
    client.get(url).send().await?.json().await
}
