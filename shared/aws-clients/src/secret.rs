//! Secrets by reference: the environment holds an ARN, Secrets Manager or Systems Manager the
//! value.
//!
//! Sources: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
//! and <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>.

use std::{fmt, pin::Pin};

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;
use runtime::{ConfigError, Environment};

use crate::Aws;

/// Error codes of a secret or parameter that does not exist.
const NOT_FOUND: [&str; 2] = ["ResourceNotFoundException", "ParameterNotFound"];
/// What the error codes of a role begin with that may not read it, or not with its KMS key.
const DENIED: &str = "AccessDenied";

/// The name of a secret: the ARN that an environment variable holds. It is not secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    variable: &'static str,
    arn: String,
    region: String,
    keeper: Keeper,
}

/// The service that stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeper {
    SecretsManager,
    ParameterStore,
}

/// The variable names no secret. What it holds is not shown: it may be the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "names no secret: give the complete ARN of a secret of Secrets Manager or of a \
     parameter of Systems Manager (its value is not shown, it may be the secret itself)"
)]
pub struct InvalidSecretRef {
    /// The variable to correct.
    pub variable: &'static str,
}

impl SecretRef {
    /// Reads the ARN that `variable` holds.
    ///
    /// # Errors
    ///
    /// When it is not set, or is the ARN of neither a secret nor a parameter: the function should
    /// not start. The error does not show the value.
    pub fn read(environment: &Environment, variable: &'static str) -> Result<Self, ConfigError> {
        environment.parsed(variable, |text| Self::parse(variable, text))
    }

    /// Takes the ARN that `variable` holds.
    ///
    /// # Errors
    ///
    /// When it is the ARN of neither a secret nor a parameter; the function should not start.
    pub fn parse(variable: &'static str, text: &str) -> Result<Self, InvalidSecretRef> {
        Self::of_arn(variable, text).ok_or(InvalidSecretRef { variable })
    }

    fn of_arn(variable: &'static str, text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*');
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else { return None };
        let (keeper, prefix) = match service {
            "secretsmanager" => (Keeper::SecretsManager, "secret:"),
            "ssm" => (Keeper::ParameterStore, "parameter/"),
            _ => return None,
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_named = resource.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
        let is_whole = is_plain && is_account && is_named;
        (is_whole && !partition.is_empty() && !region.is_empty()).then(|| Self {
            variable,
            arn: text.to_owned(),
            region: region.to_owned(),
            keeper,
        })
    }

    /// The ARN of the secret or parameter.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    fn failed(&self, problem: Problem) -> SecretError {
        SecretError { reference: self.clone(), problem }
    }

    /// An error of AWS, by its text only: its `Debug` may hold a piece of an answer.
    fn refused<E, R>(&self, error: &SdkError<E, R>) -> SecretError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug,
    {
        let code = error.code().unwrap_or_default().to_owned();
        if NOT_FOUND.contains(&code.as_str()) {
            return self.failed(Problem::Missing);
        }
        let message = error.message().map(str::to_owned).unwrap_or_else(|| texts(error));
        if code.starts_with(DENIED) {
            return self.failed(Problem::Denied(message));
        }
        let message = if code.is_empty() { message } else { format!("{code}: {message}") };
        self.failed(Problem::Unavailable(message))
    }
}

/// The texts of an error and of what caused it.
fn texts(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A secret was not read. The error has the variable, the ARN, and what to do, and holds nothing
/// of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError {
    reference: SecretRef,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    Missing,
    Denied(String),
    NoText,
    Unusable(String),
    Unavailable(String),
}

impl std::error::Error for SecretError {}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SecretRef { variable, arn, keeper, .. } = &self.reference;
        write!(f, "{variable} names {arn}, which ")?;
        let action = match keeper {
            Keeper::SecretsManager => "secretsmanager:GetSecretValue",
            Keeper::ParameterStore => "ssm:GetParameter",
        };
        match &self.problem {
            Problem::Missing => f.write_str("does not exist: create it, or name another"),
            Problem::Denied(message) => write!(
                f,
                "the function's role may not read: allow {action} on it, and kms:Decrypt with a key \
                 of your own ({message})"
            ),
            Problem::NoText => f.write_str("holds no text: store it as text, not as bytes"),
            Problem::Unusable(why) => write!(f, "holds what cannot be used: {why}"),
            Problem::Unavailable(message) => write!(f, "cannot be read: {message}"),
        }
    }
}

/// A secret that can be read, now and again later. Its `Debug` shows the ARN only; the value is not
/// kept.
#[derive(Debug, Clone)]
pub struct Secret {
    reference: SecretRef,
    aws: Aws,
}

impl Secret {
    pub(crate) fn new(reference: SecretRef, aws: Aws) -> Self {
        Self { reference, aws }
    }

    /// Reads the current value, and returns what `parse` makes of it.
    ///
    /// # Errors
    ///
    /// When it does not exist, may not be read, or `parse` fails. The text of `parse`'s own
    /// error is shown: it must not hold the value.
    pub async fn read<T, E: fmt::Display>(
        &self,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Result<T, SecretError> {
        let reference = &self.reference;
        let text = match reference.keeper {
            Keeper::SecretsManager => self.secret().await?,
            Keeper::ParameterStore => self.parameter().await?,
        };
        let text = text.ok_or_else(|| reference.failed(Problem::NoText))?;
        parse(text).map_err(|error| reference.failed(Problem::Unusable(error.to_string())))
    }

    /// A function that reads it each time it is called, as [`read`](Self::read) does.
    pub fn reader<T: Send + 'static, E: fmt::Display + 'static>(
        self,
        parse: fn(String) -> Result<T, E>,
    ) -> impl Fn() -> Pin<Box<dyn Future<Output = Result<T, SecretError>> + Send>> + Send + Sync
    {
        move || {
            let secret = self.clone();
            Box::pin(async move { secret.read(parse).await })
        }
    }

    fn region(&self) -> Region {
        Region::new(self.reference.region.clone())
    }

    async fn secret(&self) -> Result<Option<String>, SecretError> {
        let there = aws_sdk_secretsmanager::config::Builder::new().region(self.region());
        let request = self.aws.secretsmanager().get_secret_value().secret_id(self.reference.arn());
        let answer = request.customize().config_override(there).send().await;
        Ok(answer.map_err(|error| self.reference.refused(&error))?.secret_string)
    }

    async fn parameter(&self) -> Result<Option<String>, SecretError> {
        let there = aws_sdk_ssm::config::Builder::new().region(self.region());
        let request = self.aws.ssm().get_parameter().name(self.reference.arn());
        let request = request.with_decryption(true).customize().config_override(there);
        let answer = request.send().await.map_err(|error| self.reference.refused(&error))?;
        Ok(answer.parameter.and_then(|parameter| parameter.value))
    }
}

#[cfg(test)]
mod tests;
