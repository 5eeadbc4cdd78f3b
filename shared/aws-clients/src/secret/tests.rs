//! Secrets that a server on this machine keeps, or does not.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{AwsEnv, Credentials};

const VARIABLE: &str = "CARRIER_API_KEY_SECRET";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/carrier-x1Y2z3";
const PARAMETER: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/carrier";

/// A service that gives one answer, and what it was asked, header and body.
async fn serve(status: u16, body: &'static str) -> (Aws, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(String::new()));
    let received = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16_384];
            let mut length = 0;
            // What is asked is one line of JSON.
            while !request[..length].ends_with(b"}") {
                length += stream.read(&mut request[length..]).await.unwrap();
            }
            *received.lock().unwrap() = String::from_utf8_lossy(&request[..length]).into_owned();
            let length = body.len();
            let head = "Content-Type: application/x-amz-json-1.1\r\nConnection: close";
            let answer =
                format!("HTTP/1.1 {status} X\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let credentials = Credentials::new("AKID", "hush", None, None, "test");
    let env = AwsEnv { endpoint_url: Some(url), ..AwsEnv::new("us-east-1", credentials) };
    (Aws::new(env).unwrap(), asked)
}

fn any(text: String) -> Result<String, String> {
    Ok(text)
}

async fn failure(arn: &str, status: u16, body: &'static str) -> SecretError {
    let (aws, _) = serve(status, body).await;
    aws.secret(SecretRef::parse(VARIABLE, arn).unwrap()).read(any).await.unwrap_err()
}

#[tokio::test]
async fn a_secret_and_a_parameter_are_read_in_their_own_region() {
    let answers = [
        (SECRET, r#"{"SecretString":"sk_1"}"#, "secretsmanager.GetSecretValue"),
        (PARAMETER, r#"{"Parameter":{"Value":"sk_1"}}"#, "AmazonSSM.GetParameter"),
    ];
    for (arn, answer, target) in answers {
        let (aws, asked) = serve(200, answer).await;
        let secret = aws.secret(SecretRef::parse(VARIABLE, arn).unwrap());
        assert_eq!(secret.read(any).await.unwrap(), "sk_1");
        let asked = asked.lock().unwrap().clone();
        for part in [target, arn, "/eu-west-1/"] {
            assert!(asked.contains(part), "{part}: {asked}");
        }
        assert!(arn == SECRET || asked.contains(r#""WithDecryption":true"#), "{asked}");
        assert!(!format!("{secret:?}").contains("sk_1"));
    }
}

#[tokio::test]
async fn what_is_not_there_or_may_not_be_read_is_named_with_what_to_do() {
    let cases = [
        (SECRET, r#"{"__type":"ResourceNotFoundException","message":"no"}"#, "create it"),
        (PARAMETER, r#"{"__type":"ParameterNotFound"}"#, "create it"),
        (SECRET, r#"{"__type":"AccessDeniedException","Message":"no"}"#, "GetSecretValue"),
        (PARAMETER, r#"{"__type":"AccessDeniedException","message":"no"}"#, "ssm:GetParameter"),
        (SECRET, r#"{"__type":"DecryptionFailure","Message":"no"}"#, "DecryptionFailure"),
    ];
    for (arn, answer, advice) in cases {
        let error = failure(arn, 400, answer).await.to_string();
        for part in [VARIABLE, arn, advice] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

#[tokio::test]
async fn no_error_holds_anything_of_a_value() {
    let (aws, _) = serve(200, r#"{"SecretString":"sk_hidden\n"}"#).await;
    let secret = aws.secret(SecretRef::parse(VARIABLE, SECRET).unwrap());
    let unusable = secret.read(|_| Err::<(), _>("not a key")).await.unwrap_err();
    assert!(unusable.to_string().ends_with("holds what cannot be used: not a key"), "{unusable}");
    let broken = failure(SECRET, 200, r#"{"SecretString":"sk_hidden"#).await;
    let bytes = failure(SECRET, 200, r#"{"SecretBinary":"c2tfaGlkZGVu"}"#).await;
    assert!(bytes.to_string().contains("holds no text"), "{bytes}");
    for error in [unusable, broken, bytes] {
        assert!(!format!("{error} {error:?}").contains("sk_hidden"), "{error:?}");
    }
}

#[test]
fn only_the_whole_name_of_a_secret_is_taken_and_what_is_none_is_not_shown() {
    for good in [SECRET, PARAMETER, "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/a"] {
        assert_eq!(SecretRef::parse(VARIABLE, good).unwrap().arn(), good);
    }
    for bad in [
        "",
        "sk_live_1",
        "shop/carrier",
        "arn:aws:s3:eu-west-1:123456789012:secret:a-x1Y2z3",
        "arn:aws:secretsmanager::123456789012:secret:a-x1Y2z3",
        "arn:aws:secretsmanager:eu-west-1:1234:secret:a-x1Y2z3",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:*",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/a\n",
    ] {
        let error = SecretRef::parse(VARIABLE, bad).unwrap_err();
        assert_eq!(error.variable, VARIABLE);
        assert!(error.to_string().starts_with("names no secret"), "{error}");
        assert!(!format!("{error} {error:?}").contains("sk_live_1"));
    }
}

#[test]
fn a_secret_is_read_from_its_variable_and_the_error_names_that_and_shows_nothing() {
    let environment = Environment::of([(VARIABLE, PARAMETER)]);
    assert_eq!(SecretRef::read(&environment, VARIABLE).unwrap().arn(), PARAMETER);
    let itself = environment.clone().with(VARIABLE, "sk_hush");
    let error = SecretRef::read(&itself, VARIABLE).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{VARIABLE}: names no secret")), "{error}");
    assert!(!format!("{error} {error:?}").contains("sk_hush"));
    let missing = SecretRef::read(&environment.without(VARIABLE), VARIABLE).unwrap_err();
    assert_eq!(missing, ConfigError::Missing { name: VARIABLE });
}
