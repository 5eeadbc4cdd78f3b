//! The Runtime API, for runtimes of every language: they are given a host and a port.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use local_lambda::FunctionSpec;
use serde_json::{Value, json};

use crate::support::{example, host, invoke, json, spec, stats, until};

/// Where the only process of a host finds the Runtime API.
fn address(environment: &Value) -> SocketAddr {
    environment["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap().parse().unwrap()
}

/// Sends a request to `address`, as if `named` were its name: the status.
fn status(address: SocketAddr, named: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {named}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_knows_a_host_and_a_port_gets_invocations_and_answers_them() {
    let host = host(FunctionSpec { binary: example("plain"), ..spec() }).await;
    for n in 0..3 {
        let answer = json(&invoke(&host, json!({ "n": n })).await);
        assert_eq!(answer, json!({ "consumed": { "n": n } }));
    }
    assert_eq!(stats(&host).cold_starts, 1);
    host.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_has_a_port_of_its_own_as_long_as_it_lives() {
    let host = host(FunctionSpec { concurrency_max: 2, ..spec() }).await;
    let ask = json!({ "do": "environment", "sleep_ms": 300 });
    let (one, other) = tokio::join!(invoke(&host, ask.clone()), invoke(&host, ask.clone()));
    let addresses = [one, other].map(|it| address(&json(&it)));
    assert_ne!(addresses[0], addresses[1]);
    assert!(addresses.iter().all(|it| it.ip().is_loopback()), "{addresses:?}");
    assert!(addresses.iter().all(|it| TcpStream::connect(it).is_ok()));
    // Each ends one of them, and another takes its place on another port.
    let _ = tokio::join!(
        invoke(&host, json!({ "do": "exit", "sleep_ms": 300 })),
        invoke(&host, json!({ "do": "exit", "sleep_ms": 300 })),
    );
    until(|| addresses.iter().all(|it| TcpStream::connect(it).is_err())).await;
    let next = address(&json(&invoke(&host, ask).await));
    assert!(TcpStream::connect(next).is_ok());
    host.shutdown().await;
    until(|| TcpStream::connect(next).is_err()).await;
}

/// A page of the web cannot claim to be this machine.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_a_process_is_there_for_programs_of_this_machine() {
    let host = host(spec()).await;
    let address = address(&json(&invoke(&host, json!({ "do": "environment" })).await));
    let next = "/2018-06-01/runtime/invocation/next";
    assert_eq!(status(address, "evil.example", next), "421");
    assert_eq!(status(address, &format!("evil.example:{}", address.port()), next), "421");
    assert_eq!(status(address, "127.0.0.1:1", next), "421");
    assert_eq!(status(address, &address.to_string(), "/rt/orderly-probe/0"), "404");
    host.shutdown().await;
}
