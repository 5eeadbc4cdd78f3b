//! What a client is refused in: the protocol that it asks in, told by what it sends.
//!
//! An answer in another protocol is one that a client cannot read: the AWS CLI and the SDKs then
//! report how their parser failed, and not what was wrong.
//! Source: <https://smithy.io/2.0/aws/protocols/index.html>.

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::{error::AwsError, ids::request_id};

/// The most of a refused request that is read: the name of its operation stands near the front.
const READ_BYTES_MAX: usize = 1024 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// A protocol of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON with the operation in `X-Amz-Target`, version 1.0: `DynamoDB`, SQS, Step Functions.
    Json10,
    /// The same, version 1.1: `EventBridge`, Secrets Manager, Systems Manager, `CloudWatch` Logs.
    Json11,
    /// JSON with the operation in method and path: Lambda, Scheduler, SES v2.
    RestJson,
    /// A form with the operation in `Action`, answered in XML: `CloudFormation`, SNS, IAM, STS.
    Query,
    /// The same with errors of another shape: EC2 alone.
    Ec2,
    /// XML with the operation in method and path: S3.
    RestXml,
    /// CBOR with the operation in the path: `CloudWatch`.
    Cbor,
}

impl Protocol {
    /// The protocol of a request with these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let kind = text(headers, header::CONTENT_TYPE.as_str());
        let service = signed_service(headers);
        if text(headers, "smithy-protocol") == "rpc-v2-cbor" {
            Self::Cbor
        } else if headers.contains_key("x-amz-target") {
            if kind.ends_with("-1.1") { Self::Json11 } else { Self::Json10 }
        } else if kind.starts_with(FORM) {
            if service == "ec2" { Self::Ec2 } else { Self::Query }
        } else if ["s3", "route53", "cloudfront"].contains(&service) {
            Self::RestXml
        } else if kind.starts_with("application/x-amz-json-") {
            // One who forgot the target.
            Self::Json10
        } else {
            Self::RestJson
        }
    }

    /// `error` as a client of this protocol reads it.
    pub fn refusal(self, error: &AwsError) -> Response {
        let id = request_id();
        let (kind, body) = match self {
            Self::Json10 => ("application/x-amz-json-1.0", error.body().into_bytes()),
            Self::Json11 => ("application/x-amz-json-1.1", error.body().into_bytes()),
            Self::RestJson => ("application/json", error.body().into_bytes()),
            Self::Query | Self::Ec2 | Self::RestXml => {
                ("text/xml", self.xml(error, &id).into_bytes())
            }
            Self::Cbor => ("application/cbor", cbor(error)),
        };
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        let headers = response.headers_mut();
        if let Ok(id) = id.parse() {
            headers.insert("x-amzn-requestid", id);
        }
        if let (Self::RestJson, Ok(code)) = (self, error.short_code().parse()) {
            headers.insert("x-amzn-errortype", code);
        }
        if self == Self::Cbor {
            headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        }
        response
    }

    fn xml(self, error: &AwsError, id: &str) -> String {
        let (code, message) = (escaped(error.short_code()), escaped(&error.message));
        let said = format!("<Code>{code}</Code><Message>{message}</Message>");
        let kind = if error.status < 500 { "Sender" } else { "Receiver" };
        if self == Self::Ec2 {
            return format!(
                "<Response><Errors><Error>{said}</Error></Errors><RequestID>{id}</RequestID>\
                 </Response>"
            );
        }
        if self == Self::RestXml {
            return format!("<Error>{said}<RequestId>{id}</RequestId></Error>");
        }
        format!(
            "<ErrorResponse><Error><Type>{kind}</Type>{said}</Error><RequestId>{id}</RequestId>\
             </ErrorResponse>"
        )
    }
}

/// `router`, behind which everything else is refused as an unknown operation, in the protocol of
/// the caller.
pub fn closed(router: Router) -> Router {
    router.fallback(unknown).method_not_allowed_fallback(unknown)
}

async fn unknown(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, READ_BYTES_MAX).await.unwrap_or_default();
    refuse_unknown(&parts.method, &parts.uri, &parts.headers, &body)
}

/// The answer to a request that no service here has, by the name of its operation.
pub(crate) fn refuse_unknown(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let protocol = Protocol::of(headers);
    let operation = match protocol {
        Protocol::Json10 | Protocol::Json11 => text(headers, "x-amz-target").to_owned(),
        Protocol::Query | Protocol::Ec2 => {
            let service = signed_service(headers);
            format!("{service}:{}", action(body)).trim_start_matches(':').to_owned()
        }
        Protocol::Cbor => uri.path().rsplit('/').next().unwrap_or_default().to_owned(),
        Protocol::RestJson | Protocol::RestXml => format!("{method} {}", uri.path()),
    };
    let error = AwsError::unknown_operation(&operation);
    let status = match protocol {
        Protocol::RestJson | Protocol::RestXml | Protocol::Cbor => 404,
        Protocol::Json10 | Protocol::Json11 | Protocol::Query | Protocol::Ec2 => error.status,
    };
    protocol.refusal(&AwsError { status, ..error })
}

/// `Action` of a form.
fn action(body: &Bytes) -> String {
    let form = String::from_utf8_lossy(body);
    form.split('&').find_map(|it| it.strip_prefix("Action=")).unwrap_or_default().to_owned()
}

/// The service in `Credential=KEY/20260101/us-east-1/SERVICE/aws4_request`.
fn signed_service(headers: &HeaderMap) -> &str {
    let authorization = text(headers, header::AUTHORIZATION.as_str());
    let scope = authorization.split_once("Credential=").map_or("", |(_, rest)| rest);
    scope.split([',', ' ']).next().and_then(|it| it.rsplit('/').nth(1)).unwrap_or_default()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A map of two texts. Source: <https://www.rfc-editor.org/rfc/rfc8949.html#section-3.1>.
fn cbor(error: &AwsError) -> Vec<u8> {
    let mut bytes = vec![0xa2];
    for text in ["__type", error.short_code(), "message", &error.message] {
        // A text whose length is in the next four bytes.
        bytes.push(0x7a);
        let length = u32::try_from(text.len()).unwrap_or_default();
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        routing::{get, post},
    };
    use tower::ServiceExt;

    use super::*;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=me/20260101/us-east-1/SERVICE/aws4_request, \
                          SignedHeaders=host, Signature=00";

    fn headers(service: &str, others: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", SIGNED.replace("SERVICE", service).parse().unwrap());
        for (name, value) in others {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    async fn body(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn a_caller_is_refused_in_the_protocol_of_the_question() {
        let json = |version| ("content-type", version);
        let target = ("x-amz-target", "Logs_20140328.FilterLogEvents");
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        for (service, sent, uri, protocol, status, says) in [
            (
                "logs",
                vec![json("application/x-amz-json-1.1"), target],
                "/",
                Protocol::Json11,
                400,
                r#""__type":"UnknownOperationException""#,
            ),
            (
                "kms",
                vec![json("application/x-amz-json-1.0"), target],
                "/",
                Protocol::Json10,
                400,
                "FilterLogEvents",
            ),
            (
                "cloudformation",
                vec![form],
                "/",
                Protocol::Query,
                400,
                "<ErrorResponse><Error><Type>Sender</Type><Code>UnknownOperationException</Code>\
                 <Message>no operation \"cloudformation:DescribeStacks\" here",
            ),
            ("ec2", vec![form], "/", Protocol::Ec2, 400, "<Response><Errors><Error><Code>Unkn"),
            ("s3", vec![], "/bucket", Protocol::RestXml, 404, "<Error><Code>UnknownOperationExce"),
            ("lambda", vec![], "/2017-10-31/tags/x", Protocol::RestJson, 404, "GET /2017-10-31/"),
            (
                "monitoring",
                vec![("smithy-protocol", "rpc-v2-cbor")],
                "/service/GraniteServiceVersion20100801/operation/DescribeAlarms",
                Protocol::Cbor,
                404,
                "DescribeAlarms",
            ),
        ] {
            let headers = headers(service, &sent);
            assert_eq!(Protocol::of(&headers), protocol, "{service}");
            let form = Bytes::from("Action=DescribeStacks&Version=2010-05-15");
            let response = refuse_unknown(&Method::GET, &uri.parse().unwrap(), &headers, &form);
            assert_eq!(response.status().as_u16(), status, "{service}");
            assert!(response.headers().contains_key("x-amzn-requestid"), "{service}");
            let kind = response.headers().get("x-amzn-errortype").cloned();
            assert_eq!(kind.is_some(), protocol == Protocol::RestJson, "{service}");
            let body = body(response).await;
            assert!(body.contains(says), "{service}: {body}");
        }
    }

    #[tokio::test]
    async fn paths_and_methods_that_are_not_there_are_refused() {
        let own = Router::new().route("/a", get(|| async { "a" })).route("/b", post(|| async {}));
        let router = closed(own);
        for (method, path, status) in
            [("GET", "/a", 200), ("DELETE", "/a", 404), ("GET", "/b", 404), ("GET", "/c", 404)]
        {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
        }
    }

    #[test]
    fn an_error_is_escaped_in_xml_and_counted_in_cbor() {
        let error = AwsError::client("a#Bad", "<&>");
        assert!(Protocol::Query.xml(&error, "1").contains("<Message>&lt;&amp;&gt;</Message>"));
        assert_eq!(
            cbor(&error),
            b"\xa2\x7a\0\0\0\x06__type\x7a\0\0\0\x03Bad\x7a\0\0\0\x07message\x7a\0\0\0\x03<&>"
        );
    }
}
