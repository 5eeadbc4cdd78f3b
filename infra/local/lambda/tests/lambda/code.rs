//! A function's binary is replaced while the function is at work.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use local_lambda::FunctionSpec;
use serde_json::{Value, json};

use crate::support::{host, invoke, is_alive, json, probe, spec, stats, until};

/// A probe of its own that can be replaced.
fn deployed(directory: &Path) -> FunctionSpec {
    let binary = directory.join("bootstrap");
    copy(&probe(), &binary);
    FunctionSpec { binary, ..spec() }
}

/// Copies a program. Another process does it: one that this one forks at the same moment would
/// keep the copy open for writing, and what is open for writing cannot be started.
fn copy(program: &Path, to: &Path) {
    assert!(Command::new("cp").args([program, to]).status().unwrap().success());
}

/// Puts `code` in the place of a binary, whole.
fn deploy(code: &Path, binary: &Path) {
    let new: PathBuf = binary.with_extension("new");
    copy(code, &new);
    fs::rename(new, binary).unwrap();
}

fn pid(answer: &Value) -> u32 {
    answer["pid"].as_u64().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn what_comes_after_an_update_runs_the_new_code_and_what_waits_for_work_ends() {
    let directory = tempfile::tempdir().unwrap();
    let spec = deployed(directory.path());
    let binary = spec.binary.clone();
    let host = host(FunctionSpec { concurrency_max: 2, ..spec }).await;
    let before = pid(&json(&invoke(&host, json!({})).await));
    deploy(&probe(), &binary);
    let after = pid(&json(&invoke(&host, json!({})).await));
    assert_ne!(before, after);
    until(|| !is_alive(before)).await;
    // It is new once.
    assert_eq!(pid(&json(&invoke(&host, json!({})).await)), after);
    let stats = stats(&host);
    assert_eq!((stats.code_updates, stats.cold_starts, stats.crashes), (1, 2, 0));
    host.shutdown().await;
}

#[tokio::test]
async fn an_invocation_under_way_is_finished_by_the_old_code() {
    let directory = tempfile::tempdir().unwrap();
    let spec = deployed(directory.path());
    let binary = spec.binary.clone();
    let host = host(FunctionSpec { concurrency_max: 2, ..spec }).await;
    let long = tokio::spawn({
        let host = host.clone();
        async move { json(&invoke(&host, json!({ "sleep_ms": 700 })).await) }
    });
    until(|| stats(&host).busy == 1).await;
    deploy(&probe(), &binary);
    let after = pid(&json(&invoke(&host, json!({})).await));
    let long = long.await.unwrap();
    let before = pid(&long);
    assert_eq!(long["echo"]["sleep_ms"], 700);
    assert_ne!(before, after);
    until(|| !is_alive(before)).await;
    assert!(is_alive(after));
    assert_eq!((stats(&host).errors, stats(&host).crashes), (0, 0));
    host.shutdown().await;
}

/// With room for one environment, what waits is handed on from the old code to the new.
#[tokio::test]
async fn no_invocation_is_lost_while_code_is_updated_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let spec = deployed(directory.path());
    let binary = spec.binary.clone();
    let host = host(spec).await;
    let mut invocations = Vec::new();
    for number in 0..60 {
        if number % 20 == 10 {
            deploy(&probe(), &binary);
        }
        let host = host.clone();
        invocations.push(tokio::spawn(async move {
            json(&invoke(&host, json!({ "n": number, "sleep_ms": 5 })).await)
        }));
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    for (number, invocation) in invocations.into_iter().enumerate() {
        assert_eq!(invocation.await.unwrap()["echo"]["n"], number);
    }
    let stats = stats(&host);
    assert_eq!((stats.code_updates, stats.errors, stats.invocations), (3, 0, 60));
    host.shutdown().await;
}

#[tokio::test]
async fn what_is_no_program_is_no_update() {
    let directory = tempfile::tempdir().unwrap();
    let spec = deployed(directory.path());
    let binary = spec.binary.clone();
    let host = host(spec).await;
    let before = pid(&json(&invoke(&host, json!({})).await));
    let half = directory.path().join("half");
    fs::write(&half, "half an upload").unwrap();
    deploy(&half, &binary);
    assert_eq!(pid(&json(&invoke(&host, json!({})).await)), before);
    fs::remove_file(&binary).unwrap();
    assert_eq!(pid(&json(&invoke(&host, json!({})).await)), before);
    deploy(&probe(), &binary);
    assert_ne!(pid(&json(&invoke(&host, json!({})).await)), before);
    host.shutdown().await;
}
