//! Configuration from environment variables.

use std::{collections::BTreeMap, fmt::Display, ops::RangeInclusive, str::FromStr};

/// Where variables come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment(Source);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Process,
    Given(BTreeMap<String, String>),
}

/// What is wrong with a variable. Each names the one to correct; the process should not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not set, or is not Unicode.
    #[error(
        "environment variable {name} is missing or not text: set it where the process is configured"
    )]
    Missing {
        /// The name of the variable.
        name: &'static str,
    },
    /// Its value is invalid.
    #[error("{name}: {reason}")]
    Invalid {
        /// The name of the variable.
        name: &'static str,
        /// What is wrong with its value. It holds the value only if the reader's error does.
        reason: String,
    },
}

/// A configuration that is read from environment variables.
pub trait FromEnvironment: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or invalid; the process should not start.
    fn read(environment: &Environment) -> Result<Self, ConfigError>;
}

impl Environment {
    /// The variables of this process, each read when it is asked for.
    #[must_use]
    pub const fn of_process() -> Self {
        Self(Source::Process)
    }

    /// These variables and no others: for tests, which cannot set those of the process safely.
    #[must_use]
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let given = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(Source::Given(given.into()))
    }

    /// These variables and no others.
    #[must_use]
    pub const fn given(variables: BTreeMap<String, String>) -> Self {
        Self(Source::Given(variables))
    }

    /// The same with `name` set to `value`. Those of the process cannot be changed: it is left as
    /// it is.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Source::Given(variables) = &mut self.0 {
            variables.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// The same without `name`. Those of the process cannot be changed: it is left as it is.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        if let Source::Given(variables) = &mut self.0 {
            variables.remove(name);
        }
        self
    }

    /// The variable `name`, if it is set and is Unicode. It may be empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
            Source::Process => std::env::var(name).ok(),
            Source::Given(variables) => variables.get(name).cloned(),
        }
    }

    /// The variable `name`. It may be empty: that is for the caller to judge.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Missing`] when it is not set, or is not Unicode.
    pub fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.optional(name).ok_or(ConfigError::Missing { name })
    }

    /// The variable `name`, parsed by `read`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Missing`] when it is not set; [`ConfigError::Invalid`], with the error of
    /// `read`, when `read` fails.
    pub fn parsed<T, E: Display>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        let value = self.required(name)?;
        read(&value).map_err(|error| ConfigError::Invalid { name, reason: error.to_string() })
    }

    /// The variable `name` as a whole number within `range`, in decimal digits without a sign.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Missing`] when it is not set; [`ConfigError::Invalid`], with the range, when
    /// it is anything else.
    pub fn whole<T>(&self, name: &'static str, range: RangeInclusive<T>) -> Result<T, ConfigError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.required(name)?;
        // `parse` alone would take a plus sign.
        let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|number| is_digits && range.contains(number));
        number.ok_or_else(|| {
            let least = range.start();
            let most = range.end();
            let reason = format!("{value:?} is not a whole number from {least} to {most}");
            ConfigError::Invalid { name, reason }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_read_and_a_missing_one_named() {
        let process = Environment::of_process();
        assert!(!process.required("CARGO_PKG_NAME").unwrap().is_empty());
        assert_eq!(process.optional("NO_SUCH_VARIABLE"), None);
        let missing = process.required("NO_SUCH_VARIABLE").unwrap_err();
        assert_eq!(missing, ConfigError::Missing { name: "NO_SUCH_VARIABLE" });
        assert!(missing.to_string().contains("NO_SUCH_VARIABLE"));
        assert_eq!(process.clone().with("A", "b").without("CARGO_PKG_NAME"), process);
    }

    #[test]
    fn what_is_given_is_all_there_is() {
        let given = Environment::of([("A", "one"), ("B", "")]);
        assert_eq!(given.required("A").unwrap(), "one");
        assert_eq!(given.optional("B").as_deref(), Some(""));
        assert_eq!(given.optional("CARGO_PKG_NAME"), None);
        assert_eq!(given.clone().with("A", "two").required("A").unwrap(), "two");
        assert_eq!(given.without("A").optional("A"), None);
    }

    #[test]
    fn a_whole_number_is_digits_within_its_range() {
        let read = |text| Environment::of([("N", text)]).whole("N", 1_u16..=1_000);
        assert_eq!((read("1").unwrap(), read("1000").unwrap()), (1, 1_000));
        for bad in
            ["", "0", "-1", "+10", "2.5", "many", " 2", "1001", "65536", "18446744073709551617"]
        {
            let error = read(bad).unwrap_err().to_string();
            assert_eq!(error, format!("N: {bad:?} is not a whole number from 1 to 1000"));
        }
        let missing = Environment::of([]).whole("N", 1..=2).unwrap_err();
        assert_eq!(missing, ConfigError::Missing { name: "N" });
    }

    #[test]
    fn the_error_of_a_reader_is_in_the_config_error() {
        let environment = Environment::of([("PORT", "https")]);
        let error = environment.parsed("PORT", str::parse::<u16>).unwrap_err().to_string();
        assert_eq!(error, "PORT: invalid digit found in string");
        assert_eq!(environment.with("PORT", "443").parsed("PORT", str::parse), Ok(443_u16));
    }
}
