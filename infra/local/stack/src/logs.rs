//! What functions write to their logs.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use local_lambda::OutputLine;
use parking_lot::Mutex;

use super::{StackError, console, options::LogOptions, telemetry::Telemetry};

/// The most lines that are remembered because something in them looks like an address.
const SUSPECTS_MAX: usize = 1_000;

/// What the name of a log ends with.
const EXTENSION: &str = "log";

/// The logs of all functions: one file each, and on the terminal if that is wanted.
#[derive(Debug)]
pub struct Logs {
    options: LogOptions,
    /// The stack's name.
    stack: String,
    files: Mutex<BTreeMap<String, File>>,
    /// Lines that may hold an e-mail address.
    suspects: Mutex<Vec<String>>,
    /// What lines hold that are metrics and spans.
    telemetry: Telemetry,
}

impl Logs {
    /// Makes the directory, if one is wanted, and removes the logs of an earlier run: those of a
    /// function that has not run yet would be taken for its own.
    pub(super) fn open(options: LogOptions, stack: &str) -> Result<Self, StackError> {
        if let Some(path) = &options.directory {
            fs::create_dir_all(path)
                .and_then(|()| remove_logs(path))
                .map_err(|source| StackError::Logs { path: path.clone(), source })?;
        }
        Ok(Self {
            options,
            stack: stack.to_owned(),
            files: Mutex::default(),
            suspects: Mutex::default(),
            telemetry: Telemetry::default(),
        })
    }

    /// The directory of the files, if there are any.
    pub fn directory(&self) -> Option<&Path> {
        self.options.directory.as_deref()
    }

    /// Every line with an `@` in it, as `<function>: <line>`: the ones that could give away an
    /// e-mail address.
    pub fn suspects(&self) -> Vec<String> {
        self.suspects.lock().clone()
    }

    /// The metrics and spans that functions have written.
    pub const fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    pub(super) fn write(&self, line: OutputLine<'_>) {
        let function = short(line.function, &self.stack);
        self.telemetry.record(line.text);
        if self.options.shown {
            console::say(format_args!("{} {}", console::aside(function), line.text));
        }
        if line.text.contains('@') {
            let mut suspects = self.suspects.lock();
            if suspects.len() < SUSPECTS_MAX {
                suspects.push(format!("{function}: {}", line.text));
            }
        }
        if let Some(directory) = &self.options.directory {
            self.append(directory, function, line.text);
        }
    }

    fn append(&self, directory: &Path, function: &str, text: &str) {
        let mut files = self.files.lock();
        if !files.contains_key(function) {
            match File::create(path(directory, function)) {
                Ok(file) => drop(files.insert(function.to_owned(), file)),
                Err(_) => return,
            }
        }
        if let Some(file) = files.get_mut(function) {
            // A full disk must not stop the functions.
            let _ = writeln!(file, "{text}");
        }
    }
}

/// The name of a resource without that of its stack: `parcels` of `local-parcels`.
pub fn short<'n>(name: &'n str, stack: &str) -> &'n str {
    name.strip_prefix(stack).and_then(|it| it.strip_prefix('-')).unwrap_or(name)
}

fn path(directory: &Path, function: &str) -> PathBuf {
    directory.join(function).with_added_extension(EXTENSION)
}

fn remove_logs(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == EXTENSION) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use local_lambda::Source;

    use super::*;

    #[test]
    fn each_function_has_a_file_and_addresses_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let options = LogOptions { directory: Some(directory.path().into()), shown: false };
        let logs = Logs::open(options, "local").unwrap();
        for (function, text) in
            [("local-payment", "charged"), ("local-notification", "to ada@example.com")]
        {
            logs.write(OutputLine { function, pid: 1, source: Source::Stdout, text });
        }
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(read("payment.log"), "charged\n");
        assert_eq!(logs.suspects(), ["notification: to ada@example.com"]);
    }

    #[test]
    fn a_run_begins_without_the_logs_of_an_earlier_one() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("payment.log"), "charged").unwrap();
        fs::write(directory.path().join("notes.txt"), "of a person").unwrap();
        let options = LogOptions { directory: Some(directory.path().into()), shown: false };
        Logs::open(options, "local").unwrap();
        let left = fs::read_dir(directory.path()).unwrap().map(|it| it.unwrap().file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["notes.txt"]);
    }
}
