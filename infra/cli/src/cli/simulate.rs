//! `orderly simulate`: builds the simulation, optimised, and runs it.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use local_stack::build;
use tokio::process::Command;

use super::shared::{Shared, find_above};
use crate::simulate::Campaign;

/// What is built: see `[profile.simulate]` in the workspace's `Cargo.toml`.
const PACKAGE: &str = "simulation";
const BINARY: &str = "simulate";
const PROFILE: &str = "simulate";
/// What tells where the workspace is.
const MANIFEST: &str = "tests/simulation/Cargo.toml";
/// The status with which the simulation says that an invariant broke.
const BROKEN: i32 = 1;

/// There is no simulation to build.
#[derive(Debug, thiserror::Error)]
#[error(
    "no {MANIFEST} here or in a directory above: go to the repository, or name the directory of a compiled `{BINARY}` with --binaries"
)]
struct NoSimulation;

/// The simulation was ended from outside, or did not understand.
#[derive(Debug, thiserror::Error)]
#[error("the simulation ended with {0}")]
struct Interrupted(std::process::ExitStatus);

/// Plays the worlds. Whether every invariant held.
pub(super) async fn run(shared: &Shared, wanted: &Campaign) -> Result<bool, Box<dyn Error>> {
    let directory = match &shared.binaries {
        Some(directory) => directory.clone(),
        None => build_it().await?,
    };
    let mut program = Command::new(directory.join(BINARY));
    let status = program.args(wanted.to_arguments()).kill_on_drop(true).status().await?;
    match status.code() {
        Some(0) => Ok(true),
        Some(BROKEN) => Ok(false),
        _ => Err(Interrupted(status).into()),
    }
}

async fn build_it() -> Result<PathBuf, Box<dyn Error>> {
    let manifest = find_above(Path::new(MANIFEST)).ok_or(NoSimulation)?;
    let workspace = manifest.ancestors().nth(3).ok_or(NoSimulation)?;
    let output = build::Output::of_this_program()?.with_profile(PROFILE);
    Ok(build::binary(workspace, PACKAGE, BINARY, &output).await?)
}
