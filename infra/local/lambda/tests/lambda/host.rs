//! Environments of real processes: reuse, limits, and every way to die.

use std::{collections::BTreeSet, time::Duration};

use crate::support::{
    Journal, host, host_with, invoke, is_alive, json, kill, spec, spec_with, stats, until,
    until_dead,
};
use local_lambda::{FunctionSpec, HostError, HostOptions, InvokeError, LambdaHost};
use serde_json::{Value, json};

#[tokio::test]
async fn an_environment_is_reused_while_it_is_warm() {
    let host = host(FunctionSpec { concurrency_max: 3, ..spec() }).await;
    let first = json(&invoke(&host, json!({ "n": 1 })).await);
    let second = json(&invoke(&host, json!({ "n": 2 })).await);
    assert_eq!(first["echo"], json!({ "n": 1 }));
    assert_eq!(second["echo"], json!({ "n": 2 }));
    assert_eq!(first["pid"], second["pid"]);
    assert_ne!(first["request_id"], second["request_id"]);
    assert_eq!(stats(&host).cold_starts, 1);
    host.shutdown().await;
}

#[tokio::test]
async fn an_invocation_carries_what_the_runtime_needs() {
    let host = host(spec()).await;
    let invocation = invoke(&host, json!({})).await;
    let answer = json(&invocation);
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:000000000000:function:orderly-probe");
    assert_eq!(answer["request_id"], invocation.request_id.as_str());
    assert!(answer["trace"].as_str().unwrap().starts_with("Root=1-"), "{answer}");
    // Milliseconds since 1970, not a duration.
    assert!(answer["deadline_ms"].as_u64().unwrap() > 1_700_000_000_000, "{answer}");
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_sees_lambdas_variables_and_its_own_and_no_others() {
    let host = host(spec_with(&[("PRODUCTS_TABLE", "orderly-products")])).await;
    let seen = json(&invoke(&host, json!({ "do": "environment" })).await);
    assert_eq!(seen["PRODUCTS_TABLE"], "orderly-products");
    assert_eq!(seen["AWS_LAMBDA_FUNCTION_NAME"], "orderly-probe");
    assert_eq!(seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    assert_eq!(seen["AWS_REGION"], "us-east-1");
    assert_eq!(seen["AWS_ACCESS_KEY_ID"], "local");
    // Cargo sets this one for every test process.
    assert_eq!(seen["CARGO_MANIFEST_DIR"], Value::Null);
    assert_eq!(seen["HOME"], Value::Null);
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_signs_with_the_key_of_its_own_role() {
    let access_keys = [("orderly-probe", "own"), ("orderly-other", "others")];
    let access_keys = access_keys.map(|(name, key)| (name.to_owned(), key.to_owned())).into();
    let options = HostOptions { access_keys, ..HostOptions::default() };
    let host = host_with(spec(), options).await;
    let seen = json(&invoke(&host, json!({ "do": "environment" })).await);
    assert_eq!(seen["AWS_ACCESS_KEY_ID"], "own");
    host.shutdown().await;
}

#[tokio::test]
async fn names_aliases_and_arns_lead_to_the_same_function() {
    let host = host(spec()).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:orderly-probe";
    for name in ["orderly-probe", "probe", arn, "probe:$LATEST", &format!("{arn}:$LATEST")] {
        assert_eq!(host.function(name).unwrap().name, "orderly-probe", "{name}");
    }
    for name in ["other", "probe:live", "", "arn:aws:sqs:us-east-1:000000000000:orderly-probe"] {
        let error = host.invoke(name, "{}".into()).await.unwrap_err();
        assert!(matches!(error, InvokeError::UnknownFunction { .. }), "{name}: {error}");
    }
    host.shutdown().await;
}

#[tokio::test]
async fn two_functions_cannot_share_a_name() {
    let other = FunctionSpec { name: "probe".to_owned(), aliases: Vec::new(), ..spec() };
    let specs = vec![spec(), other];
    let started = LambdaHost::start(specs, HostOptions::default());
    assert!(matches!(started, Err(HostError::DuplicateName { name, .. }) if name == "probe"));
}

#[tokio::test]
async fn no_more_environments_than_the_limit() {
    let journal = Journal::new();
    let mut spec = spec_with(&[("STARTS", &journal.path())]);
    spec.concurrency_max = 2;
    let host = host(spec).await;
    let invocations = (0..8).map(|_| {
        let host = host.clone();
        tokio::spawn(async move { json(&invoke(&host, json!({ "sleep_ms": 50 })).await) })
    });
    let invocations: Vec<_> = invocations.collect();
    let mut pids = BTreeSet::new();
    for invocation in invocations {
        pids.insert(invocation.await.unwrap()["pid"].as_u64());
    }
    assert_eq!(journal.lines().len(), 2);
    assert_eq!(pids.len(), 2);
    assert_eq!(stats(&host).invocations, 8);
    host.shutdown().await;
}

#[tokio::test]
async fn too_many_waiting_invocations_are_throttled() {
    let options = HostOptions { waiting_max: 1, ..HostOptions::default() };
    let host = host_with(spec(), options).await;
    let busy = tokio::spawn({
        let host = host.clone();
        async move { invoke(&host, json!({ "do": "hang" })).await }
    });
    until(|| stats(&host).busy == 1).await;
    let mut waiting = Box::pin(host.invoke("probe", "{}".into()));
    assert!(futures_poll_once(&mut waiting).await.is_none());
    let error = host.invoke("probe", "{}".into()).await.unwrap_err();
    assert!(matches!(error, InvokeError::TooManyRequests { .. }), "{error}");
    assert_eq!(stats(&host).throttles, 1);
    host.shutdown().await;
    assert_eq!(waiting.await.unwrap_err(), InvokeError::ShuttingDown);
    assert!(busy.await.is_err());
}

#[tokio::test]
async fn a_function_error_is_passed_on_and_keeps_the_environment() {
    let host = host(spec()).await;
    let failed = invoke(&host, json!({ "do": "fail" })).await;
    assert_eq!(failed.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(json(&failed)["errorMessage"], "asked to fail");
    let panicked = invoke(&host, json!({ "do": "panic" })).await;
    assert!(!panicked.is_ok());
    assert!(invoke(&host, json!({})).await.is_ok());
    let stats = stats(&host);
    assert_eq!((stats.invocations, stats.errors, stats.cold_starts), (3, 2, 1));
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_out_of_time_is_killed_and_replaced() {
    let host = host(FunctionSpec { timeout: Duration::from_millis(500), ..spec() }).await;
    let timed_out = invoke(&host, json!({ "do": "hang" })).await;
    let expected = json!({
        "errorType": "Sandbox.Timedout",
        "errorMessage": format!(
            "RequestId: {} Error: Task timed out after 0.50 seconds",
            timed_out.request_id
        ),
    });
    assert_eq!(json(&timed_out), expected);
    until(|| host.processes().is_empty()).await;
    assert!(invoke(&host, json!({})).await.is_ok());
    let stats = stats(&host);
    assert_eq!((stats.timeouts, stats.errors, stats.cold_starts), (1, 1, 2));
    host.shutdown().await;
}

#[tokio::test]
async fn an_exit_in_the_middle_is_an_exit_error() {
    let host = host(spec()).await;
    let exited = invoke(&host, json!({ "do": "exit" })).await;
    assert_eq!(exited.function_error.as_deref(), Some("Unhandled"));
    let answer = json(&exited);
    assert_eq!(answer["errorType"], "Runtime.ExitError");
    let message = answer["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Runtime exited with error: exit status 3"), "{message}");
    assert!(invoke(&host, json!({})).await.is_ok());
    host.shutdown().await;
}

#[tokio::test]
async fn waiting_invocations_survive_the_death_of_their_environment() {
    let host = host(spec()).await;
    let hanging = tokio::spawn({
        let host = host.clone();
        async move { invoke(&host, json!({ "do": "hang" })).await }
    });
    until(|| stats(&host).busy == 1).await;
    let waiting: Vec<_> = (0..3)
        .map(|n| {
            let host = host.clone();
            tokio::spawn(async move { invoke(&host, json!({ "n": n })).await })
        })
        .collect();
    until(|| stats(&host).waiting == 3).await;

    let [(_, pid)] = host.processes()[..] else { panic!("{:?}", host.processes()) };
    kill(pid);
    let killed = json(&hanging.await.unwrap());
    assert_eq!(killed["errorType"], "Runtime.ExitError");
    let message = killed["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Runtime exited with error: signal: killed"), "{message}");
    for (n, invocation) in waiting.into_iter().enumerate() {
        assert_eq!(json(&invocation.await.unwrap())["echo"], json!({ "n": n }));
    }
    assert_eq!(stats(&host).crashes, 1);
    host.shutdown().await;
}

#[tokio::test]
async fn an_environment_that_died_idle_gets_no_invocation() {
    let host = host(spec()).await;
    for n in 0..20 {
        let [(_, pid)] = host.processes()[..] else {
            assert!(invoke(&host, json!({ "n": n })).await.is_ok());
            continue;
        };
        kill(pid);
        until_dead(pid);
        let invocation = invoke(&host, json!({ "n": n })).await;
        assert!(invocation.is_ok(), "{n}: {invocation:?}");
    }
    host.shutdown().await;
}

#[tokio::test]
async fn a_failed_init_is_repeated_once_and_then_reported() {
    let journal = Journal::new();
    let host = host(spec_with(&[("INIT", "exit"), ("STARTS", &journal.path())])).await;
    let failed = invoke(&host, json!({})).await;
    let answer = json(&failed);
    assert_eq!(answer["errorType"], "Runtime.ExitError");
    let message = answer["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Runtime exited with error: exit status 7"), "{message}");
    assert_eq!(journal.lines().len(), 2);
    until(|| stats(&host).environments == 0).await;
    assert_eq!(stats(&host).inits_failed, 2);
    host.shutdown().await;
}

#[tokio::test]
async fn an_init_that_hangs_does_not_hang_the_caller() {
    let options =
        HostOptions { init_timeout: Duration::from_millis(200), ..HostOptions::default() };
    let host = host_with(spec_with(&[("INIT", "hang")]), options).await;
    let answer = json(&invoke(&host, json!({})).await);
    assert_eq!(answer["errorType"], "Sandbox.Timedout");
    host.shutdown().await;
}

#[tokio::test]
async fn a_binary_that_vanishes_is_an_invocation_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let binary = directory.path().join("vanishing");
    std::fs::copy(crate::support::probe(), &binary).unwrap();
    let host = host(FunctionSpec { binary: binary.clone(), ..spec() }).await;
    std::fs::remove_file(&binary).unwrap();
    let answer = json(&invoke(&host, json!({})).await);
    assert_eq!(answer["errorType"], "Runtime.InvalidEntrypoint");
    assert!(answer["errorMessage"].as_str().unwrap().contains("vanishing"), "{answer}");
    host.shutdown().await;
}

#[tokio::test]
async fn output_is_passed_on_and_kept_as_the_tail() {
    let written = crate::support::Written::default();
    let host = host_with(spec(), written.options()).await;
    let invocation = invoke(&host, json!({ "do": "log" })).await;
    let tail = &invocation.log_tail;
    for line in ["START RequestId: ", "to stdout\n", "to stderr\n", "END RequestId: ", "REPORT "] {
        assert!(tail.contains(line), "{line} not in {tail}");
    }
    assert!(!invoke(&host, json!({})).await.log_tail.contains("to stdout"));
    let lines = written.lines();
    assert!(lines.contains(&"Stdout to stdout".to_owned()), "{lines:?}");
    assert!(lines.contains(&"Stderr to stderr".to_owned()), "{lines:?}");
    host.shutdown().await;
}

#[tokio::test]
async fn payloads_have_limits_either_way() {
    let host = host(spec()).await;
    let large = format!("\"{}\"", "x".repeat(local_lambda::SYNC_PAYLOAD_BYTES_MAX));
    let error = host.invoke("probe", large.into()).await.unwrap_err();
    assert!(matches!(error, InvokeError::PayloadTooLarge { .. }), "{error}");
    let large = format!("\"{}\"", "x".repeat(local_lambda::ASYNC_PAYLOAD_BYTES_MAX));
    let error = host.invoke_async("probe", large.into()).unwrap_err();
    assert!(matches!(error, InvokeError::PayloadTooLarge { .. }), "{error}");

    let answer = json(&invoke(&host, json!({ "do": "big" })).await);
    assert_eq!(answer["errorType"], "Function.ResponseSizeTooLarge");
    assert!(invoke(&host, json!({})).await.is_ok());
    host.shutdown().await;
}

#[tokio::test]
async fn shutdown_leaves_no_process_behind() {
    let host = host(FunctionSpec { concurrency_max: 3, ..spec() }).await;
    for _ in 0..2 {
        let host = host.clone();
        tokio::spawn(async move { host.invoke("probe", r#"{"do":"hang"}"#.into()).await });
    }
    until(|| stats(&host).busy == 2).await;
    invoke(&host, json!({})).await;
    let pids: Vec<u32> = host.processes().into_iter().map(|(_, pid)| pid).collect();
    assert_eq!(pids.len(), 3);
    host.shutdown().await;
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
    assert_eq!(host.processes(), []);
    assert_eq!(host.invoke("probe", "{}".into()).await.unwrap_err(), InvokeError::ShuttingDown);
    assert_eq!(host.invoke_async("probe", "{}".into()).unwrap_err(), InvokeError::ShuttingDown);
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_processes() {
    let host = host(spec()).await;
    invoke(&host, json!({})).await;
    let [(_, pid)] = host.processes()[..] else { panic!("{:?}", host.processes()) };
    drop(host);
    until(|| !is_alive(pid)).await;
}

/// Polls `future` once: its output if it is ready.
async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}
