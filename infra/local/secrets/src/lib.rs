//! Secrets Manager and the parameter store of Systems Manager on one machine: what was put there,
//! by name or ARN. `PutSecretValue` and `PutParameter` change it, as a rotation does.
//!
//! Left out is all else: versions, descriptions, permissions. A value is text, and lies in memory.
//!
//! Sources: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
//! and <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>.

use std::{collections::BTreeMap, fmt, sync::Arc};

use local_core::{ACCOUNT, AwsError, Bytes, REGION, Reply, Service};
use parking_lot::{Mutex, MutexGuard};
use serde::Deserialize;
use serde_json::{Value, json};

/// What AWS appends to a secret's name: here the same for all, so that an ARN is known beforehand.
const SUFFIX: &str = "-l0ca1s";

/// The values by ARN. Clones are the same ones; `Debug` shows none.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<BTreeMap<String, String>>>);

/// The ARN of the secret `name`; of what is an ARN, itself.
pub fn arn_of_secret(name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}{SUFFIX}")
}

/// The ARN of the parameter `name`; of what is an ARN, itself.
pub fn arn_of_parameter(name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{}", name.trim_start_matches('/'))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfSecret {
    secret_id: String,
    secret_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfParameter {
    name: String,
    value: Option<String>,
}

impl Secrets {
    /// Keeps `value` as the secret of this name, or under this ARN, in place of what was there.
    pub fn put(&self, name: &str, value: impl Into<String>) {
        self.values().insert(arn_of_secret(name), value.into());
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock()
    }

    fn answer(&self, operation: &str, body: &[u8]) -> Result<Value, AwsError> {
        match operation {
            "GetSecretValue" => {
                let OfSecret { secret_id, .. } = parse(body)?;
                let arn = arn_of_secret(&secret_id);
                let value = self.values().get(&arn).cloned().ok_or_else(no_secret)?;
                Ok(json!({ "ARN": arn, "Name": name_of(&arn), "SecretString": value }))
            }
            "PutSecretValue" => {
                let OfSecret { secret_id, secret_string } = parse(body)?;
                let value = secret_string.ok_or_else(|| invalid("SecretString"))?;
                let arn = arn_of_secret(&secret_id);
                let mut values = self.values();
                *values.get_mut(&arn).ok_or_else(no_secret)? = value;
                Ok(json!({ "ARN": arn, "Name": name_of(&arn), "VersionStages": ["AWSCURRENT"] }))
            }
            "GetParameter" => {
                let OfParameter { name, .. } = parse(body)?;
                let arn = arn_of_parameter(&name);
                let value = self.values().get(&arn).cloned();
                let value = value.ok_or_else(|| AwsError::client("ParameterNotFound", ""))?;
                let kind = "SecureString";
                Ok(
                    json!({ "Parameter": { "ARN": arn, "Name": name, "Type": kind, "Value": value } }),
                )
            }
            "PutParameter" => {
                let OfParameter { name, value } = parse(body)?;
                let value = value.ok_or_else(|| invalid("Value"))?;
                self.values().insert(arn_of_parameter(&name), value);
                Ok(json!({ "Tier": "Standard", "Version": 1 }))
            }
            other => Err(AwsError::unknown_operation(other)),
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values().keys()).finish()
    }
}

impl Service for Secrets {
    fn targets(&self) -> &'static [&'static str] {
        &["secretsmanager", "AmazonSSM"]
    }

    fn json_version(&self) -> &'static str {
        "1.1"
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        let answer = self.answer(operation, &body);
        Box::pin(std::future::ready(answer.map(|it| Bytes::from(it.to_string()))))
    }
}

/// Where a body cannot be read is reported, and nothing of it: it may hold a value.
fn parse<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, AwsError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("cannot be read at column {}", error.column());
        AwsError::client("InvalidRequestException", message)
    })
}

fn invalid(parameter: &str) -> AwsError {
    AwsError::client("InvalidParameterException", format!("{parameter} is missing"))
}

fn no_secret() -> AwsError {
    let message = "Secrets Manager can't find the specified secret.";
    AwsError::client("ResourceNotFoundException", message)
}

fn name_of(arn: &str) -> &str {
    let name = arn.rsplit(':').next().unwrap_or_default();
    name.get(..name.len().saturating_sub(SUFFIX.len())).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn call(secrets: &Secrets, operation: &str, body: Value) -> Result<Value, AwsError> {
        let answer = secrets.call(operation, Bytes::from(body.to_string())).await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    #[tokio::test]
    async fn a_secret_is_read_by_name_or_arn_and_can_be_changed() {
        let secrets = Secrets::default();
        secrets.put("shop/carrier", "key-1");
        let arn = arn_of_secret("shop/carrier");
        for id in ["shop/carrier", arn.as_str()] {
            let got = call(&secrets, "GetSecretValue", json!({ "SecretId": id })).await.unwrap();
            assert_eq!(
                (&got["SecretString"], &got["Name"]),
                (&json!("key-1"), &json!("shop/carrier"))
            );
            assert_eq!(got["ARN"], arn);
        }
        let change = json!({ "SecretId": arn, "SecretString": "key-2" });
        call(&secrets, "PutSecretValue", change).await.unwrap();
        let got = call(&secrets, "GetSecretValue", json!({ "SecretId": arn })).await.unwrap();
        assert_eq!(got["SecretString"], "key-2");
        assert!(!format!("{secrets:?}").contains("key-2"));
    }

    #[tokio::test]
    async fn a_parameter_is_read_by_name_or_arn() {
        let secrets = Secrets::default();
        let put = json!({ "Name": "/shop/carrier", "Value": "key-1", "Type": "SecureString" });
        call(&secrets, "PutParameter", put).await.unwrap();
        let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/shop/carrier";
        for name in ["/shop/carrier", arn] {
            let got = call(&secrets, "GetParameter", json!({ "Name": name })).await.unwrap();
            assert_eq!(got["Parameter"]["Value"], "key-1");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_refused_as_aws_refuses_it() {
        let secrets = Secrets::default();
        for (operation, body, code) in [
            ("GetSecretValue", json!({ "SecretId": "a" }), "ResourceNotFoundException"),
            (
                "PutSecretValue",
                json!({ "SecretId": "a", "SecretString": "b" }),
                "ResourceNotFoundException",
            ),
            ("GetParameter", json!({ "Name": "a" }), "ParameterNotFound"),
            ("GetParameter", json!({}), "InvalidRequestException"),
            ("DeleteSecret", json!({}), "UnknownOperationException"),
        ] {
            assert_eq!(call(&secrets, operation, body).await.unwrap_err().code, code);
        }
    }
}
