//! What a function is, and what Lambda refuses to host.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use local_core::{ACCOUNT, REGION};

/// Lambda's longest timeout.
const TIMEOUT_MAX: Duration = Duration::from_secs(900);
/// Variables that Lambda sets and does not let a function's configuration set.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
const RESERVED_VARIABLES: [&str; 19] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// A function to host.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSpec {
    /// The function's physical name, as in its ARN.
    pub name: String,
    /// Further names that the Invoke API understands, e.g. that of the binary, so that
    /// `cargo lambda invoke inventory` works.
    pub aliases: Vec<String>,
    /// The compiled function: a program that speaks the Lambda Runtime API.
    pub binary: PathBuf,
    /// The function's own environment variables.
    pub environment: BTreeMap<String, String>,
    /// Texts that are never shown, whichever variable they stand in.
    pub secrets: BTreeSet<String>,
    /// The longest an invocation may take, at most 900 s; its process is killed then.
    pub timeout: Duration,
    /// The memory announced to the function, in MB.
    pub memory_mb: u32,
    /// The most execution environments at once; further invocations wait. With none, the function
    /// is switched off, and each invocation is throttled.
    pub concurrency_max: usize,
    /// What becomes of asynchronous invocations that fail.
    pub asynchronous: AsyncConfig,
}

impl FunctionSpec {
    /// The function's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.name)
    }

    pub(crate) fn check(&self) -> Result<(), HostError> {
        let invalid =
            |field, reason| HostError::Invalid { function: self.name.clone(), field, reason };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(allowed) {
            return Err(invalid("name", "must be 1 to 64 of A-Za-z0-9_-"));
        }
        if self.timeout.is_zero() || self.timeout > TIMEOUT_MAX {
            return Err(invalid("timeout", "must be above zero and at most 900 s"));
        }
        if let Some(variable) =
            self.environment.keys().find(|name| RESERVED_VARIABLES.contains(&name.as_str()))
        {
            return Err(HostError::ReservedVariable {
                function: self.name.clone(),
                variable: variable.clone(),
            });
        }
        check_binary(&self.binary).map_err(|reason| HostError::Binary {
            function: self.name.clone(),
            path: self.binary.clone(),
            reason,
        })
    }
}

/// What becomes of asynchronous invocations that fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncConfig {
    /// Further attempts after a function error.
    pub retries_max: u32,
    /// How long an event may wait for its next attempt.
    pub event_age_max: Duration,
    /// The ARN of the queue that receives a record of what failed for good.
    pub on_failure: Option<String>,
}

impl Default for AsyncConfig {
    /// Lambda's defaults: two retries within six hours, and no destination.
    fn default() -> Self {
        let event_age_max = Duration::from_secs(6 * 60 * 60);
        Self { retries_max: 2, event_age_max, on_failure: None }
    }
}

/// Why a host does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The binary is not there or is no program.
    #[error("function {function}: binary {}: {reason}; build it first", path.display())]
    Binary {
        /// The function's name.
        function: String,
        /// Where its binary was looked for.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two functions share a name or an alias.
    #[error("function {function}: the name {name:?} is already taken; give it another")]
    DuplicateName {
        /// The second function with that name.
        function: String,
        /// The name.
        name: String,
    },
    /// A setting is out of its bounds.
    #[error("function {function}: {field} {reason}")]
    Invalid {
        /// The function's name.
        function: String,
        /// The field of [`FunctionSpec`].
        field: &'static str,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The configuration sets a variable that is Lambda's to set.
    #[error(
        "function {function}: environment variable {variable} is reserved by Lambda; remove it"
    )]
    ReservedVariable {
        /// The function's name.
        function: String,
        /// The variable.
        variable: String,
    },
}

pub(crate) fn check_binary(path: &Path) -> Result<(), String> {
    let metadata = path.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 == 0 {
        return Err("is not executable".to_owned());
    }
    let mut magic = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut magic))
        .map_err(|error| error.to_string())?;
    // The kernel would refuse anything else when the first invocation comes, which is late.
    let is_program = !cfg!(target_os = "linux") || magic == *b"\x7fELF" || magic.starts_with(b"#!");
    if is_program { Ok(()) } else { Err("is not a program".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(binary: PathBuf) -> FunctionSpec {
        FunctionSpec {
            name: "local-inventory".to_owned(),
            aliases: Vec::new(),
            binary,
            environment: BTreeMap::new(),
            secrets: BTreeSet::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            concurrency_max: 1,
            asynchronous: AsyncConfig::default(),
        }
    }

    fn this_program() -> PathBuf {
        std::env::current_exe().unwrap()
    }

    #[test]
    fn a_missing_binary_is_named_with_its_function() {
        let error = spec("/nowhere/inventory".into()).check().unwrap_err().to_string();
        assert!(
            error.contains("local-inventory") && error.contains("/nowhere/inventory"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_is_no_program_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inventory");
        std::fs::write(&path, "half a download").unwrap();
        let error = spec(path.clone()).check().unwrap_err().to_string();
        assert!(error.contains("is not executable"), "{error}");

        let mut permissions = path.metadata().unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        std::fs::set_permissions(&path, permissions).unwrap();
        let error = spec(path).check().unwrap_err().to_string();
        assert!(error.contains("is not a program"), "{error}");
    }

    #[test]
    fn what_lambda_sets_itself_cannot_be_set() {
        let mut spec = spec(this_program());
        spec.check().unwrap();
        spec.environment.insert("AWS_REGION".to_owned(), "eu-west-1".to_owned());
        assert!(matches!(spec.check(), Err(HostError::ReservedVariable { .. })));
    }

    #[test]
    fn settings_out_of_bounds_name_their_field() {
        let field = |change: fn(&mut FunctionSpec)| {
            let mut spec = spec(this_program());
            change(&mut spec);
            let checked = spec.check();
            let Err(HostError::Invalid { field, .. }) = checked else { panic!("{checked:?}") };
            field
        };
        assert_eq!(field(|spec| spec.name.clear()), "name");
        assert_eq!(field(|spec| spec.name.push('/')), "name");
        assert_eq!(field(|spec| spec.timeout = Duration::from_secs(901)), "timeout");
    }
}
