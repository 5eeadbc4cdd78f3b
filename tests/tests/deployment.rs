//! One function after the other is deployed alone, while orders are under way.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use local_stack::{StackOptions, build};
use orderly::{
    Shop,
    demo::{self, DemoOptions},
    seed,
    shop::{self, STACK_NAME},
};

/// What is deployed, and the pause before each.
const DEPLOYED: [&str; 4] = ["payment", "inventory", "order-events", "projector"];
const PAUSE: Duration = Duration::from_millis(300);

/// Puts another binary in the place of a function's, whole. Another process writes it: one that
/// this one forks at the same moment would keep it open, and it could not be started.
fn deploy(function: &str, compiled: &Path, binaries: &Path) {
    let (new, place) = (binaries.join("new"), binaries.join(function));
    let copied = Command::new("cp").args([&compiled.join(function), &new]).status();
    assert!(copied.unwrap().success());
    fs::rename(new, place).unwrap();
}

/// The functions, where each can be replaced.
fn linked(compiled: &Path, functions: impl Iterator<Item = String>) -> tempfile::TempDir {
    let binaries = tempfile::tempdir().unwrap();
    for function in functions {
        symlink(compiled.join(&function), binaries.path().join(&function)).unwrap();
    }
    binaries
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_deployed_amid_orders_loses_none() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("infra/template.yaml");
    let parameters = demo::parameters("orchestration");
    let template = shop::load_template_with(&path, &parameters).unwrap();
    let output = build::Output::of_this_program().unwrap();
    let compiled: PathBuf = build::functions(&template, &path, &output).await.unwrap();
    let binaries = linked(&compiled, template.functions.iter().map(|it| it.binary.clone()));
    let options = StackOptions {
        parameters: demo::without_limits(),
        ..StackOptions::new(&path, binaries.path().to_owned())
    };
    let stack = Shop::start(options).await.unwrap();
    seed::seed(&stack).await.unwrap();
    let demo = DemoOptions { scenarios: demo::usual(20), kills: false, seed: 4 };
    let deployments = async {
        for function in DEPLOYED {
            tokio::time::sleep(PAUSE).await;
            deploy(function, &compiled, binaries.path());
        }
    };
    let (held, ()) = tokio::join!(demo::run(&stack, demo), deployments);
    let stats = stack.lambda().stats();
    stack.stop().await;
    assert!(held.unwrap(), "an invariant did not hold: the report is above");
    for function in DEPLOYED {
        let stats = stats[&format!("{STACK_NAME}-{function}")];
        assert_eq!((stats.code_updates, stats.crashes), (1, 0), "{function}: {stats:?}");
    }
}
