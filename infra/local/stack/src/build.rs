//! Compiles the functions, with Cargo's own progress on the terminal.
//!
//! They are built with the profile of the running program and into its target directory, so that
//! what is already compiled is not compiled again.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use local_template::Template;
use serde_json::Value;
use tokio::process::Command;

/// The profile of a build that is not optimised.
const DEV: &str = "dev";

/// Where compiled programs lie, and how they got there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The target directory, e.g. `target`.
    pub target: PathBuf,
    /// The directory of the binaries, e.g. `target/release`.
    pub binaries: PathBuf,
    profile: String,
}

/// Why there are no functions to run.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The running program does not lie in a target directory.
    #[error("{} is not in a Cargo target directory; name compiled functions with --binaries", .0.display())]
    NoTargetDirectory(PathBuf),
    /// Cargo is not there.
    #[error(
        "cargo cannot be run: install Rust from https://rustup.rs, or name compiled functions with --binaries"
    )]
    NoCargo(#[source] io::Error),
    /// There is no workspace around the template.
    #[error("cargo metadata fails in {}: is the template in its repository?", directory.display())]
    NoWorkspace {
        /// Where the workspace was looked for.
        directory: PathBuf,
    },
    /// The template names a binary that no package builds.
    #[error(
        "function {function}: no package of the workspace has a binary {binary:?}; correct its BuildProperties"
    )]
    NoSuchBinary {
        /// The function's logical id.
        function: String,
        /// The binary.
        binary: String,
    },
    /// Something does not compile.
    #[error("the build failed ({0}): see above")]
    Failed(ExitStatus),
}

impl Output {
    /// Where the running program was compiled to.
    ///
    /// # Errors
    ///
    /// When the program was copied elsewhere; the caller should name compiled functions.
    pub fn of_this_program() -> Result<Self, BuildError> {
        let program = std::env::current_exe().map_err(BuildError::NoCargo)?;
        Self::of(&program).ok_or(BuildError::NoTargetDirectory(program))
    }

    /// The same target directory, for what is built with another profile, e.g. `release`.
    #[must_use]
    pub fn with_profile(self, profile: &str) -> Self {
        let binaries = self.target.join(if profile == "dev" { "debug" } else { profile });
        Self { binaries, profile: profile.to_owned(), ..self }
    }

    fn of(program: &Path) -> Option<Self> {
        let directory = program.parent()?;
        // Tests run from a directory of their own beneath that of the binaries.
        let is_test = directory.ends_with("deps") || directory.ends_with("examples");
        let binaries = if is_test { directory.parent()? } else { directory };
        let profile = match binaries.file_name()?.to_str()? {
            "debug" => DEV,
            named => named,
        };
        let target = binaries.parent()?;
        let is_target = target.join("CACHEDIR.TAG").is_file() || target.ends_with("target");
        is_target.then(|| Self {
            target: target.to_owned(),
            binaries: binaries.to_owned(),
            profile: profile.to_owned(),
        })
    }
}

/// Compiles the binary of every function of `template`, which was read from `path`, in one run of
/// Cargo. Returns the directory they lie in.
///
/// # Errors
///
/// When there is no Cargo or no workspace, or something does not compile.
pub async fn functions(
    template: &Template,
    path: &Path,
    output: &Output,
) -> Result<PathBuf, BuildError> {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let metadata = metadata(directory).await?;
    let mut packages = packages(template, &metadata)?;
    if output.profile == DEV {
        packages.extend(default_packages(&metadata));
    }
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let wanted: Vec<&str> = ["--bins"].into_iter().chain(packages).collect();
    build(directory, &wanted, output).await
}

/// Compiles one binary of a package of the workspace in `directory`. Returns the directory it lies
/// in.
///
/// # Errors
///
/// When there is no Cargo, or the binary does not compile.
pub async fn binary(
    directory: &Path,
    package: &str,
    binary: &str,
    output: &Output,
) -> Result<PathBuf, BuildError> {
    build(directory, &["--package", package, "--bin", binary], output).await
}

async fn build(directory: &Path, wanted: &[&str], output: &Output) -> Result<PathBuf, BuildError> {
    let mut cargo = cargo(directory);
    cargo.args(["build", "--profile", &output.profile]).args(wanted);
    cargo.arg("--target-dir").arg(&output.target);
    // Progress is for people: standard output stays clean for what the command itself says.
    let status = cargo.stdout(Stdio::null()).status().await.map_err(BuildError::NoCargo)?;
    if status.success() { Ok(output.binaries.clone()) } else { Err(BuildError::Failed(status)) }
}

#[expect(clippy::disallowed_methods, reason = "Cargo tells its children which Cargo to call")]
fn cargo(directory: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_this_package(name)) {
        command.env_remove(name);
    }
    command.current_dir(directory).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Whether `cargo run` set the variable for the program that it runs. A Cargo that inherits it
/// would compile anew whatever depends on it, `ring` first of all.
/// Source: <https://doc.rust-lang.org/cargo/reference/environment-variables.html>.
fn is_about_this_package(name: &OsStr) -> bool {
    const PREFIXES: [&str; 4] = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_"];
    name.to_str().is_some_and(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// What Cargo knows about the workspace.
/// Source: <https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>.
async fn metadata(directory: &Path) -> Result<Value, BuildError> {
    let mut cargo = cargo(directory);
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).stderr(Stdio::inherit());
    let output = cargo.output().await.map_err(BuildError::NoCargo)?;
    let none = || BuildError::NoWorkspace { directory: directory.to_owned() };
    if !output.status.success() {
        return Err(none());
    }
    serde_json::from_slice(&output.stdout).map_err(|_| none())
}

/// The packages that `cargo run` builds, by name: none where that is every package.
///
/// Cargo unites the features of what it builds together. A dev build of the functions takes those of
/// the program that runs them, or the AWS SDK would be compiled twice. A release build does not: it
/// is to be what is deployed.
fn default_packages(metadata: &Value) -> BTreeSet<String> {
    let of = |field: &str| metadata[field].as_array().cloned().unwrap_or_default();
    let defaults = of("workspace_default_members");
    if defaults.len() >= of("workspace_members").len() {
        return BTreeSet::new();
    }
    let packages = of("packages").into_iter();
    let is_default = |package: &Value| defaults.contains(&package["id"]);
    let names = packages
        .filter(is_default)
        .filter_map(|package| package["name"].as_str().map(str::to_owned));
    names.collect()
}

/// The packages that own the binaries of the functions.
fn packages(template: &Template, metadata: &Value) -> Result<BTreeSet<String>, BuildError> {
    let owner = |binary: &str| {
        let packages = metadata["packages"].as_array()?;
        let package = packages.iter().find(|package| has_binary(package, binary))?;
        package["name"].as_str().map(str::to_owned)
    };
    let functions = template.functions.iter();
    functions
        .map(|function| {
            owner(&function.binary).ok_or_else(|| BuildError::NoSuchBinary {
                function: function.logical_id.clone(),
                binary: function.binary.clone(),
            })
        })
        .collect()
}

fn has_binary(package: &Value, binary: &str) -> bool {
    let is_binary = |target: &&Value| {
        let kinds = target["kind"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
    };
    let targets = package["targets"].as_array();
    targets.is_some_and(|it| it.iter().filter(is_binary).any(|target| target["name"] == binary))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use local_template::{AsyncInvoke, Function};
    use serde_json::json;

    use super::*;

    #[test]
    fn functions_are_built_like_the_program_itself() {
        let output = |program: &str| {
            let output = Output::of(Path::new(program)).unwrap();
            (output.binaries.display().to_string(), output.profile)
        };
        assert_eq!(output("/w/target/debug/local"), ("/w/target/debug".into(), "dev".into()));
        assert_eq!(
            output("/w/target/release/local"),
            ("/w/target/release".into(), "release".into())
        );
        assert_eq!(
            output("/w/target/debug/deps/stories-1f"),
            ("/w/target/debug".into(), "dev".into())
        );
        assert_eq!(Output::of(Path::new("/usr/bin/local")), None);
    }

    #[test]
    fn another_profile_has_a_directory_of_its_own_beside_the_program() {
        let output = Output::of(Path::new("/w/target/debug/local")).unwrap();
        for (profile, binaries) in [("dev", "/w/target/debug"), ("release", "/w/target/release")] {
            let other = output.clone().with_profile(profile);
            assert_eq!((other.binaries, other.profile.as_str()), (binaries.into(), profile));
        }
    }

    #[test]
    fn cargo_is_told_about_the_user_but_not_about_this_package() {
        let kept = ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "PATH"];
        assert!(!kept.iter().any(|name| is_about_this_package(OsStr::new(name))));
        assert!(is_about_this_package(OsStr::new("CARGO_MANIFEST_DIR")));
        assert!(is_about_this_package(OsStr::new("CARGO_PKG_VERSION_MAJOR")));
    }

    #[test]
    fn a_binary_is_built_with_the_package_that_owns_it() {
        let metadata = json!({ "packages": [
            { "name": "order", "targets": [
                { "name": "order", "kind": ["lib"] }, { "name": "order-api", "kind": ["bin"] },
            ] },
        ] });
        let packages = |binary| packages(&template(binary), &metadata);
        assert_eq!(packages("order-api").unwrap(), BTreeSet::from(["order".to_owned()]));
        let error = packages("order").unwrap_err().to_string();
        assert!(error.contains("OrderFunction") && error.contains("\"order\""), "{error}");
    }

    #[test]
    fn what_cargo_runs_is_built_beside_the_functions() {
        let packages = json!([{ "name": "shop", "id": "1" }, { "name": "order", "id": "2" }]);
        let metadata = |defaults: Value| {
            json!({
                "packages": packages,
                "workspace_members": ["1", "2"],
                "workspace_default_members": defaults,
            })
        };
        assert_eq!(default_packages(&metadata(json!(["1"]))), BTreeSet::from(["shop".to_owned()]));
        assert!(default_packages(&metadata(json!(["1", "2"]))).is_empty());
        assert!(default_packages(&json!({})).is_empty());
    }

    fn template(binary: &str) -> Template {
        let function = Function {
            logical_id: "OrderFunction".to_owned(),
            name: "local-order".to_owned(),
            arn: String::new(),
            binary: binary.to_owned(),
            timeout: std::time::Duration::from_secs(1),
            memory_mib: 128,
            environment: BTreeMap::new(),
            reserved_concurrency: None,
            async_invoke: AsyncInvoke {
                retries_max: 2,
                age_max: std::time::Duration::from_secs(60),
                on_failure_arn: None,
            },
            role: local_template::Role::default(),
        };
        Template { functions: vec![function], ..Template::default() }
    }
}
