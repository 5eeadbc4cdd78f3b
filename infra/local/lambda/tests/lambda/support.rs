//! A host of the function in `examples/probe.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use local_lambda::{AsyncConfig, FunctionSpec, HostOptions, Invocation, LambdaHost};
use serde_json::Value;

/// Long enough for anything that is going to happen at all.
const WAIT_MAX: Duration = Duration::from_secs(60);

pub(crate) fn probe() -> PathBuf {
    example("probe")
}

/// A compiled example: cargo puts it next to the directory of the test binaries.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --examples`", path.display());
    path
}

/// A probe called `orderly-probe`, with the alias `probe`.
pub(crate) fn spec() -> FunctionSpec {
    FunctionSpec {
        name: "orderly-probe".to_owned(),
        aliases: vec!["probe".to_owned()],
        binary: probe(),
        environment: BTreeMap::new(),
        secrets: BTreeSet::new(),
        timeout: Duration::from_secs(30),
        memory_mb: 128,
        concurrency_max: 1,
        asynchronous: AsyncConfig::default(),
    }
}

pub(crate) fn spec_with(variables: &[(&str, &str)]) -> FunctionSpec {
    let environment = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    FunctionSpec { environment: environment.collect(), ..spec() }
}

pub(crate) async fn host(spec: FunctionSpec) -> LambdaHost {
    host_with(spec, HostOptions::default()).await
}

pub(crate) async fn host_with(spec: FunctionSpec, options: HostOptions) -> LambdaHost {
    LambdaHost::start(vec![spec], options).unwrap()
}

pub(crate) async fn invoke(host: &LambdaHost, event: Value) -> Invocation {
    host.invoke("probe", event.to_string().into()).await.unwrap()
}

pub(crate) fn json(invocation: &Invocation) -> Value {
    serde_json::from_slice(&invocation.payload).unwrap()
}

pub(crate) fn stats(host: &LambdaHost) -> local_lambda::FunctionStats {
    host.stats()["orderly-probe"]
}

/// Ends a process as `kill -9` does.
pub(crate) fn kill(pid: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.unwrap().success(), "kill -9 {pid}");
}

/// Waits, without letting the host run, until a killed process has ended.
pub(crate) fn until_dead(pid: u32) {
    let status = Path::new("/proc").join(pid.to_string()).join("status");
    while std::fs::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ")) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn is_alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn until(mut condition: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let waiting = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(WAIT_MAX, waiting).await.unwrap_or_else(|_| panic!("never: {caller}"));
    }
}

/// A file to which a probe appends a line for everything it receives.
pub(crate) struct Journal(tempfile::TempDir);

impl Journal {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().join("journal").display().to_string()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// What functions wrote: `stream text`.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<String>>>);

impl Written {
    pub(crate) fn options(&self) -> HostOptions {
        let lines = Arc::clone(&self.0);
        let output = move |line: local_lambda::OutputLine<'_>| {
            lines.lock().unwrap().push(format!("{:?} {}", line.source, line.text));
        };
        HostOptions { output: Arc::new(output), ..HostOptions::default() }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
