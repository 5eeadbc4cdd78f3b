//! The management of connections, by the SDK's own client.

use aws_sdk_apigatewaymanagement::{error::SdkError, operation::RequestId, primitives::Blob};
use reqwest::StatusCode;

use super::*;

async fn post(client: &Client, id: &str, data: impl Into<Vec<u8>>) -> Result<(), (u16, String)> {
    let posted = client.post_to_connection().connection_id(id).data(Blob::new(data)).send().await;
    posted.map(drop).map_err(|error| {
        let status = error.raw_response().unwrap().status().as_u16();
        let error = error.into_service_error();
        let code = error.meta().code().unwrap_or_default().to_owned();
        (status, code)
    })
}

#[tokio::test]
async fn what_is_posted_reaches_the_client_in_order() {
    let api = Api::start(routes(&CHAT)).await;
    let (mut socket, id) = api.client(0).await;
    let (mut other, _) = api.client(1).await;
    let client = api.sdk();
    for number in 0..5 {
        post(&client, &id, json!({ "number": number }).to_string()).await.unwrap();
    }
    for number in 0..5 {
        assert_eq!(text(&mut socket).await, json!({ "number": number }));
    }
    post(&client, &id, vec![0, 159]).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(vec![0, 159]));
    let nothing = tokio::time::timeout(Duration::from_millis(20), other.next()).await;
    assert!(nothing.is_err());
}

#[tokio::test]
async fn a_function_may_post_while_it_handles_a_message() {
    let chat = [("$connect", "connect"), ("$default", "waiting")];
    let mut chat = routes(&chat);
    chat[1].timeout = Duration::from_secs(20);
    let api = Api::start(chat).await;
    let (mut socket, id) = api.client(0).await;
    socket.send(Message::text("{}")).await.unwrap();
    api.functions.nth("waiting", 0).await;
    post(&api.sdk(), &id, "1").await.unwrap();
    assert_eq!(text(&mut socket).await, 1);
    api.functions.released.notify_one();
}

#[tokio::test]
async fn what_is_known_of_a_connection_can_be_asked() {
    let api = Api::start(routes(&CHAT)).await;
    let (_socket, id) = api.client(0).await;
    let known = api.sdk().get_connection().connection_id(&id).send().await.unwrap();
    let at = known.connected_at().unwrap();
    assert_eq!(at.to_millis().unwrap(), 1_796_115_600_250);
    assert_eq!(known.last_active_at(), Some(at));
    assert_eq!(known.identity().unwrap().source_ip(), Some("127.0.0.1"));
}

#[tokio::test]
async fn a_connection_can_be_closed_and_is_gone_then() {
    let api = Api::start(routes(&CHAT)).await;
    let (mut socket, id) = api.client(0).await;
    let client = api.sdk();
    client.delete_connection().connection_id(&id).send().await.unwrap();
    assert_eq!(u16::from(close_frame(&mut socket).await.code), 1_000);
    let event = api.functions.nth("bye", 0).await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1_000);
    let gone = (410, "GoneException".to_owned());
    assert_eq!(post(&client, &id, "hi").await, Err(gone));
    let error = client.delete_connection().connection_id(&id).send().await.unwrap_err();
    assert!(error.into_service_error().is_gone_exception());
    let error = client.get_connection().connection_id(&id).send().await.unwrap_err();
    assert!(error.request_id().is_some() && error.into_service_error().is_gone_exception());
}

/// <https://github.com/aws/aws-sdk-js/issues/3773>.
#[tokio::test]
async fn a_connection_is_not_there_before_connect_has_returned() {
    let mut chat = routes(&[("$connect", "waiting"), ("$default", "rest")]);
    chat[0].timeout = Duration::from_secs(20);
    let api = Arc::new(Api::start(chat).await);
    let connecting = tokio::spawn({
        let api = Arc::clone(&api);
        async move { api.connect("/live").await.unwrap() }
    });
    let event = api.functions.nth("waiting", 0).await;
    let id = event["requestContext"]["connectionId"].as_str().unwrap().to_owned();
    let client = api.sdk();
    assert_eq!(post(&client, &id, "early").await, Err((410, "GoneException".to_owned())));
    api.functions.released.notify_one();
    let mut socket = connecting.await.unwrap();
    post(&client, &id, "1").await.unwrap();
    assert_eq!(text(&mut socket).await, 1);
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_as_the_service_does() {
    let api = Api::start(routes(&CHAT)).await;
    let (_socket, id) = api.client(0).await;
    let client = api.sdk();
    let refused = |status: u16, code: &str| Err((status, code.to_owned()));
    post(&client, &id, vec![b'a'; 128 * 1024]).await.unwrap();
    let large = vec![b'a'; 128 * 1024 + 1];
    assert_eq!(post(&client, &id, large).await, refused(413, "PayloadTooLargeException"));
    assert_eq!(post(&client, "no-id", "hi").await, refused(400, "BadRequestException"));
    let elsewhere = api.sdk_at("test");
    assert_eq!(post(&elsewhere, &id, "hi").await, refused(403, "ForbiddenException"));
    let error = client.post_to_connection().connection_id(&id).data(Blob::new(vec![0; 200_000]));
    let error = error.send().await.unwrap_err();
    assert!(matches!(error, SdkError::ServiceError(_)));
    assert!(error.into_service_error().is_payload_too_large_exception());
}

#[tokio::test]
async fn a_request_is_signed_for_this_service() {
    let api = Api::start(routes(&CHAT)).await;
    let (_socket, id) = api.client(0).await;
    // Plain HTTP only, but the client wants to know who would do its cryptography.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let signed = |service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20261201/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=00"
        )
    };
    for (marker, authorization, status, code) in [
        ("@", signed("execute-api"), 200, None),
        ("%40", signed("execute-api"), 200, None),
        ("@", signed("sqs"), 403, Some("InvalidSignatureException")),
        ("@", "Bearer alice".to_owned(), 403, Some("MissingAuthenticationTokenException")),
        (
            "@",
            "AWS4-HMAC-SHA256 Credential=a".to_owned(),
            403,
            Some("IncompleteSignatureException"),
        ),
    ] {
        let id = id.replace('=', "%3D");
        let url = format!("http://{}/live/{marker}connections/{id}", api.address);
        let request = client.post(url).header("authorization", &authorization).body("hi");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::from_u16(status).unwrap(), "{authorization}");
        let named = answer.headers().get("x-amzn-errortype").map(|it| it.to_str().unwrap());
        assert_eq!(named, code, "{authorization}");
    }
}
