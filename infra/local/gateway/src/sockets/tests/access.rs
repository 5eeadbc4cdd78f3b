//! Who is let in.

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;

use super::*;

/// What the authorizer answers: as its ticket says.
pub(super) fn door(
    event: &Value,
    reply: impl Fn(Value, Option<&str>) -> Result<InvokeReply, String>,
) -> Result<InvokeReply, String> {
    let arn = event["methodArn"].as_str().unwrap();
    let policy = |effect: &str, resource: &str| {
        json!({
            "principalId": "alice",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    { "Effect": effect, "Action": "execute-api:Invoke", "Resource": resource },
                ],
            },
            "context": { "rooms": 3, "operator": false, "name": "Alice" },
        })
    };
    match event["queryStringParameters"]["ticket"].as_str().unwrap() {
        "good" => reply(policy("Allow", arn), None),
        "wide" => reply(policy("Allow", "arn:aws:execute-api:*:*:Chat/*"), None),
        "elsewhere" => reply(policy("Allow", "arn:aws:execute-api:*:*:Other/*"), None),
        "denied" => reply(policy("Deny", arn), None),
        "unknown" => reply(json!({ "errorMessage": "Unauthorized" }), Some("Unhandled")),
        "nested" => {
            let mut answer = policy("Allow", arn);
            answer["context"]["rooms"] = json!([1]);
            reply(answer, None)
        }
        "long" => {
            let mut answer = policy("Allow", arn);
            answer["context"]["name"] = json!("a".repeat(8 * 1024));
            reply(answer, None)
        }
        "none" => reply(json!({ "isAuthorized": true }), None),
        _ => reply(json!({ "errorMessage": "boom" }), Some("Unhandled")),
    }
}

fn guarded(access: SocketAccess) -> Vec<SocketRouteSpec> {
    let mut routes = routes(&CHAT);
    routes[0].access = access;
    routes
}

fn by_function() -> Vec<SocketRouteSpec> {
    guarded(SocketAccess::Function(SocketAuthorizer {
        function: "door".to_owned(),
        sources: vec![
            IdentitySource::Query("ticket".to_owned()),
            IdentitySource::Header("Host".to_owned()),
        ],
    }))
}

#[tokio::test]
async fn an_authorizer_sees_the_handshake_and_what_it_says_is_known_from_then_on() {
    let api = Api::start(by_function()).await;
    let mut socket = api.connect("/live?ticket=good").await.unwrap();
    let asked = api.functions.nth("door", 0).await;
    assert_eq!(asked["type"], "REQUEST");
    let arn = "arn:aws:execute-api:us-east-1:000000000000:Chat/live/$connect";
    assert_eq!(asked["methodArn"], arn);
    let read: ApiGatewayCustomAuthorizerRequestTypeRequest =
        serde_json::from_value(asked.clone()).unwrap();
    assert_eq!(read.query_string_parameters.first("ticket"), Some("good"));
    let known =
        json!({ "principalId": "alice", "rooms": "3", "operator": "false", "name": "Alice" });
    let event = api.functions.nth("connect", 0).await;
    assert_eq!(event["requestContext"]["authorizer"], known);
    let id = &event["requestContext"]["connectionId"];
    assert_eq!(asked["requestContext"]["connectionId"], *id);
    socket.send(Message::text("{}")).await.unwrap();
    let event = api.functions.nth("rest", 0).await;
    assert_eq!(event["requestContext"]["authorizer"], known);
    socket.close(None).await.unwrap();
    let event = api.functions.nth("bye", 0).await;
    assert_eq!(event["requestContext"]["authorizer"], known);
    assert!(api.connect("/live?ticket=wide").await.is_ok());
}

#[tokio::test]
async fn whom_the_authorizer_does_not_let_in_connect_never_sees() {
    let api = Api::start(by_function()).await;
    for (query, status) in [
        ("", 401),
        ("?ticket=", 401),
        ("?ticket=unknown", 401),
        ("?ticket=denied", 403),
        ("?ticket=elsewhere", 403),
        ("?ticket=boom", 500),
        ("?ticket=none", 500),
        ("?ticket=nested", 500),
        ("?ticket=long", 500),
    ] {
        let refused = api.connect(&format!("/live{query}")).await.unwrap_err();
        assert_eq!(status_of(refused), status, "{query}");
    }
    let seen = api.functions.seen.lock();
    assert!(seen.iter().all(|(function, _)| function == "door"));
    assert_eq!(seen.len(), 7, "what lacks its identity is refused unasked");
}

#[tokio::test]
async fn where_callers_sign_others_are_forbidden() {
    let api = Api::start(guarded(SocketAccess::Iam)).await;
    assert_eq!(status_of(api.connect("/live").await.unwrap_err()), 403);
    assert!(api.connect("/live?X-Amz-Signature=00").await.is_ok());
    let url = format!("ws://{}/live", api.address);
    let mut request = url.into_client_request().unwrap();
    let signed = "AWS4-HMAC-SHA256 Credential=AKIALOCAL/20261201/us-east-1/execute-api/aws4_request, \
                  SignedHeaders=host, Signature=00";
    request.headers_mut().insert("authorization", signed.parse().unwrap());
    connect_async(request).await.unwrap();
    let event = api.functions.nth("connect", 1).await;
    assert_eq!(event["requestContext"]["identity"]["accessKey"], "AKIALOCAL");
}
