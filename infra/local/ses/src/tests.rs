use aws_credential_types::Credentials;
use aws_sdk_sesv2::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig},
    error::ProvideErrorMetadata,
    primitives::Blob,
    types::{
        Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag, RawMessage,
        Template,
    },
};
use serde_json::Value;

use super::*;
use crate::testing::{client, read, serve};

/// The SDK's own client against a post office.
async fn sdk(mail: &Mail) -> Client {
    let config = aws_sdk_sesv2::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(serve(mail.router()).await)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

fn text(data: &str) -> Content {
    Content::builder().data(data).build().unwrap()
}

fn simple(subject: &str, html: Option<&str>) -> EmailContent {
    let body = Body::builder().text(text("Your order is on its way.\nBye"));
    let body = body.set_html(html.map(text)).build();
    let message = Message::builder().subject(text(subject)).body(body).build();
    EmailContent::builder().simple(message).build()
}

fn to(address: &str) -> Destination {
    Destination::builder().to_addresses(address).build()
}

const FROM: &str = "Orderly <orders@example.com>";

/// The error code that the SDK reads from the answer to a simple mail.
async fn refusal(client: &Client, from: &str, recipient: &str) -> String {
    let request = client.send_email().from_email_address(from).destination(to(recipient));
    let error = request.content(simple("Hi", None)).send().await.unwrap_err();
    error.code().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn a_mail_of_the_sdk_is_kept_in_memory_and_as_files() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = directory.path().join("mail");
    let mail = Mail::new(Clock::system(), Some(outbox.clone()));
    let client = sdk(&mail).await;
    let tag = MessageTag::builder().name("orderId").value("order-1").build().unwrap();
    let request = client.send_email().from_email_address(FROM).destination(to("a@example.com"));
    let request = request.content(simple("Versandt: Größe M", Some("<p>Größe</p>")));
    let sent = request.email_tags(tag).configuration_set_name("orderly").send().await.unwrap();

    let [kept] = mail.mails().try_into().unwrap();
    assert_eq!(sent.message_id(), Some(kept.message_id.as_str()));
    assert_eq!((kept.from.as_str(), &kept.to), (FROM, &vec!["a@example.com".to_owned()]));
    assert_eq!(kept.subject, "Versandt: Größe M");
    assert_eq!(kept.html.as_deref(), Some("<p>Größe</p>"));
    assert_eq!(kept.tags, [("orderId".to_owned(), "order-1".to_owned())]);
    assert_eq!(kept.configuration_set.as_deref(), Some("orderly"));
    assert!(!kept.bounced);

    let file = |extension: &str| outbox.join(format!("{}.{extension}", kept.message_id));
    let json: Value = serde_json::from_slice(&std::fs::read(file("json")).unwrap()).unwrap();
    assert_eq!(json, json!(kept));
    let eml = std::fs::read_to_string(file("eml")).unwrap();
    assert!(eml.starts_with("From: Orderly <orders@example.com>\r\nTo: a@example.com\r\n"));
    assert!(eml.contains("Subject: =?UTF-8?B?VmVyc2FuZHQ6IEdyw7bDn2UgTQ==?=\r\n"), "{eml}");
    assert!(eml.contains("7bit\r\n\r\nYour order is on its way.\r\nBye\r\n"), "{eml}");
    assert!(eml.contains("base64\r\n\r\nPHA+R3LDtsOfZTwvcD4=\r\n"), "{eml}");
}

#[tokio::test]
async fn headers_of_a_simple_mail_are_kept_and_stand_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let mail = Mail::new(Clock::system(), Some(directory.path().to_owned()));
    let client = sdk(&mail).await;
    let header = MessageHeader::builder().name("X-Reference").value("order-1.shipped");
    let body = Body::builder().text(text("Bye")).build();
    let message = Message::builder().subject(text("Hi")).body(body);
    let message = message.headers(header.build().unwrap()).build();
    let content = EmailContent::builder().simple(message).build();
    let request = client.send_email().from_email_address(FROM).destination(to("a@example.com"));
    request.content(content).send().await.unwrap();

    let [kept] = mail.mails().try_into().unwrap();
    assert_eq!(kept.headers, [("X-Reference".to_owned(), "order-1.shipped".to_owned())]);
    let eml = directory.path().join(format!("{}.eml", kept.message_id));
    let eml = std::fs::read_to_string(eml).unwrap();
    let (head, _) = eml.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\nX-Reference: order-1.shipped\r\n"), "{head}");
}

#[tokio::test]
async fn a_raw_mail_is_kept_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let mail = Mail::new(Clock::system(), Some(directory.path().to_owned()));
    let client = sdk(&mail).await;
    let raw = "From: a@example.com\r\nTo: b@example.com\r\nSubject: Hi\r\n\r\nText\r\n";
    let message = RawMessage::builder().data(Blob::new(raw)).build().unwrap();
    let content = EmailContent::builder().raw(message).build();
    client.send_email().content(content).destination(to("b@example.com")).send().await.unwrap();
    let [kept] = mail.mails().try_into().unwrap();
    assert_eq!((kept.subject.as_str(), kept.from.as_str()), ("Hi", "a@example.com"));
    let eml = directory.path().join(format!("{}.eml", kept.message_id));
    assert_eq!(std::fs::read_to_string(eml).unwrap(), raw);
}

#[tokio::test]
async fn the_sdk_reads_the_errors() {
    let mail = Mail::default();
    let client = sdk(&mail).await;
    mail.script("throttled@example.com", Outcome::Throttle(1));
    mail.script("down@example.com", Outcome::Down(1));
    mail.script("gone@example.com", Outcome::Decline);
    for (recipient, code) in [
        ("throttled@example.com", "TooManyRequestsException"),
        ("down@example.com", "InternalServiceErrorException"),
        ("gone@example.com", "MessageRejected"),
        ("unknown", "BadRequestException"),
        ("a b@example.com", "BadRequestException"),
        ("größe@example.com", "BadRequestException"),
    ] {
        assert_eq!(refusal(&client, FROM, recipient).await, code, "{recipient}");
    }
    assert_eq!(refusal(&client, "orders", "a@example.com").await, "BadRequestException");
    let template = Template::builder().template_name("welcome").build();
    let content = EmailContent::builder().template(template).build();
    let request = client.send_email().from_email_address(FROM).destination(to("a@example.com"));
    let error = request.content(content).send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception());
    assert_eq!(mail.mails(), []);
}

#[tokio::test]
async fn mail_to_the_bounce_simulator_is_accepted_and_bounces() {
    let mail = Mail::default();
    let client = sdk(&mail).await;
    for recipient in ["bounce+order-1@simulator.amazonses.com", "success@simulator.amazonses.com"] {
        let request = client.send_email().from_email_address(FROM).destination(to(recipient));
        request.content(simple("Hi", None)).send().await.unwrap();
    }
    assert_eq!(mail.mails().iter().map(|it| it.bounced).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn missing_parts_are_named() {
    let mail = Mail::default();
    let base = serve(mail.router()).await;
    let destination = json!({"ToAddresses": ["a@example.com"]});
    let content = json!({"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "x"}}}});
    let complete = json!({
        "FromEmailAddress": FROM, "Destination": destination, "Content": content,
    });
    let send = async |body: &Value| {
        let request = client().post(format!("{base}/v2/email/outbound-emails")).json(body);
        let response = request.send().await.unwrap();
        let code = response.headers().get("x-amzn-errortype").cloned();
        (code, read(response).await)
    };
    for (pointer, named) in [
        ("/FromEmailAddress", "FromEmailAddress"),
        ("/Destination/ToAddresses", "Destination"),
        ("/Content", "Content"),
        ("/Content/Simple", "Content"),
        ("/Content/Simple/Subject", "Subject"),
        ("/Content/Simple/Body", "Body"),
        ("/Content/Simple/Body/Text", "Body"),
    ] {
        let mut body = complete.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
        let (code, (status, answer)) = send(&body).await;
        assert_eq!(code.unwrap(), "BadRequestException");
        assert_eq!(status, 400);
        assert!(answer["message"].as_str().unwrap().contains(named), "{pointer}: {answer}");
    }
    let mut injected = complete.clone();
    injected["Content"]["Simple"]["Subject"]["Data"] = json!("Hi\r\nBcc: x@example.com");
    assert_eq!(send(&injected).await.1.0, 400);
    let mut crowded = complete.clone();
    crowded["Destination"]["ToAddresses"] = json!(vec!["a@example.com"; 51]);
    assert_eq!(send(&crowded).await.1.0, 400);
    for (name, value) in [("", "x"), ("a:b", "x"), ("a b", "x"), ("a", ""), ("a", "x\r\nBcc: y")] {
        let mut headed = complete.clone();
        headed["Content"]["Simple"]["Headers"] = json!([{ "Name": name, "Value": value }]);
        assert_eq!(send(&headed).await.1.0, 400, "{name}: {value}");
    }
    let mut crowded = complete.clone();
    let headers = vec![json!({ "Name": "a", "Value": "x" }); 16];
    crowded["Content"]["Simple"]["Headers"] = json!(headers);
    assert_eq!(send(&crowded).await.1.0, 400);
    assert_eq!(send(&complete).await.1.0, 200);
    assert_eq!(mail.mails().len(), 1);
}
