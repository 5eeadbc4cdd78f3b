//! The function of a chat over a WebSocket API, for the tests of a stack: it lets in who has the
//! ticket `good`, answers `say` by posting to the client, and fails when a message asks for it.

use aws_sdk_apigatewaymanagement::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    primitives::Blob,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = client()?;
    run(service_fn(|event| handle(event, &client))).await
}

/// The client as a function deployed to AWS has it: its address is a variable of the template.
#[expect(clippy::disallowed_methods, reason = "a function finds its services by its environment")]
fn client() -> Result<Client, Error> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        None,
        None,
        "environment",
    );
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(variable("AWS_REGION")?))
        .credentials_provider(credentials)
        .endpoint_url(variable("CONNECTIONS_URL")?)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Ok(Client::from_conf(config))
}

async fn handle(event: LambdaEvent<Value>, client: &Client) -> Result<Value, Error> {
    let event = event.payload;
    if event["type"] == "REQUEST" {
        return Ok(authorization(&event));
    }
    let context = &event["requestContext"];
    if context["eventType"] == "MESSAGE" {
        let sent: Value = serde_json::from_str(event["body"].as_str().unwrap_or_default())
            .unwrap_or_else(|_| event["body"].clone());
        if sent["fail"] == true {
            return Err("asked to fail".into());
        }
        let said = json!({
            "said": sent,
            "by": context["authorizer"]["principalId"],
            "on": context["connectionId"],
        });
        let to = context["connectionId"].as_str().unwrap_or_default();
        let data = Blob::new(said.to_string());
        client.post_to_connection().connection_id(to).data(data).send().await?;
    }
    Ok(json!({ "statusCode": 200 }))
}

/// What an authorizer answers.
fn authorization(event: &Value) -> Value {
    let is_good = event["queryStringParameters"]["ticket"] == "good";
    let effect = if is_good { "Allow" } else { "Deny" };
    json!({
        "principalId": "alice",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"],
            }],
        },
    })
}
