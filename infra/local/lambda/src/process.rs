//! Starts a function's process with the environment that Lambda would give it.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, process::Stdio};

use local_core::REGION;
use tokio::process::{Child, Command};

use crate::{VERSION, options::HostOptions, spec::FunctionSpec};

/// Starts the process of environment `number`. It is killed when the handle is dropped.
pub(crate) fn spawn(
    spec: &FunctionSpec,
    options: &HostOptions,
    runtime_api: SocketAddr,
    number: u32,
) -> std::io::Result<Child> {
    let mut command = Command::new(&spec.binary);
    command
        .env_clear()
        .envs(variables(spec, runtime_api, number))
        .envs(&options.environment)
        .envs(options.access_keys.get(&spec.name).map(|key| ("AWS_ACCESS_KEY_ID", key)))
        .envs(&spec.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // A Ctrl-C in the terminal is the host's to handle: it ends its environments itself.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

fn variables(
    spec: &FunctionSpec,
    runtime_api: SocketAddr,
    number: u32,
) -> BTreeMap<&'static str, String> {
    let name = &spec.name;
    let task_root = spec.binary.parent().unwrap_or(Path::new("/")).display().to_string();
    BTreeMap::from([
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", VERSION.to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("local/[{VERSION}]{number}")),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("AWS_REGION", REGION.to_owned()),
        ("LAMBDA_TASK_ROOT", task_root),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
    ])
}
