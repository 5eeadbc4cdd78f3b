//! `orderly up --template FILE` with a template that is not the shop's, and a function of its own.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Parcels:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {}
  Greeter:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: greeter } }
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Timeout: 10
      Events:
        Greet: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: GET, Path: /greeting } }
";

/// The compiled example: cargo puts it next to the directory of the test binaries.
fn probe() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/foreign-probe");
    assert!(path.exists(), "{} is missing: run `cargo build --examples`", path.display());
    path
}

fn up(template: &str, folder: &Path) -> Child {
    let path = folder.join("template.yaml");
    fs::write(&path, template).unwrap();
    let greeter = folder.join("greeter");
    if !greeter.exists() {
        std::os::unix::fs::symlink(probe(), greeter).unwrap();
    }
    Command::new(env!("CARGO_BIN_EXE_orderly"))
        .args(["up", "--port", "18740", "--template"])
        .arg(path)
        .arg("--binaries")
        .arg(folder)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn any_template_is_run_and_shown_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = up(TEMPLATE, folder.path());
    let mut shown = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        shown.push_str(&line);
        shown.push('\n');
        if line.contains("Ctrl-C") {
            break;
        }
    }
    for part in ["The template is up", "greeter", "GET    /greeting", "Greeter", ":18742"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    for part in ["Place an order", "Payments"] {
        assert!(!shown.contains(part), "{part} in {shown}");
    }
    // What the function answers is no response of an API, but the event: it was reached.
    let client = client();
    let answer = client.get("http://127.0.0.1:18742/greeting").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("GET /greeting"));

    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A client for the loopback interface.
fn client() -> reqwest::Client {
    // Plain HTTP only, but the client wants to know who would do its cryptography.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}

#[test]
fn what_is_not_run_is_named_resource_by_resource() {
    let folder = tempfile::tempdir().unwrap();
    let photos = "  Photos: { Type: AWS::S3::Bucket }\n  Cache: { Type: AWS::ElastiCache::User }\n";
    let output = up(&format!("{TEMPLATE}{photos}"), folder.path()).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    for part in ["Photos", "AWS::S3::Bucket", "Cache", "AWS::ElastiCache::User"] {
        assert!(errors.contains(part), "{part} in {errors}");
    }
}
