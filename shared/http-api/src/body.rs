//! The body of a request, read strictly.

use std::fmt::Write;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::{Engine, engine::general_purpose::STANDARD};
use event_envelope::strict::{self, Limits, StrictError};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::Problem;

/// The largest body, in bytes, decoded. API Gateway takes 10 MB; a form of a hundred lines, each
/// with a few ids and numbers, has ten thousand bytes.
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

pub(crate) fn bytes(event: &ApiGatewayV2httpRequest, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let check_size = |bytes| check_size(bytes, bytes_max);
    let text = event.body.as_deref().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Problem::bad_request("the request has no body"))?;
    if !event.is_base64_encoded {
        return check_size(text.len()).map(|()| text.as_bytes().to_vec());
    }
    // Three bytes in four characters, two of which may be padding.
    check_size((text.len() / 4 * 3).saturating_sub(2))?;
    let bytes = STANDARD.decode(text);
    let bytes = bytes.map_err(|error| Problem::bad_request(format!("base64: {error}")))?;
    check_size(bytes.len()).map(|()| bytes)
}

fn check_size(bytes: usize, bytes_max: usize) -> Result<(), Problem> {
    if bytes <= bytes_max { Ok(()) } else { Err(too_large(bytes_max)) }
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::too_large(format!("the body has more than {bytes_max} bytes"))
}

/// The body of `event` as JSON, if its type is `media_type`.
pub(crate) fn json<T: DeserializeOwned>(
    event: &ApiGatewayV2httpRequest,
    media_type: Option<&str>,
) -> Result<T, Problem> {
    if !media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json")) {
        let detail = "send the body as application/json, and set Content-Type to that";
        return Err(Problem::unsupported_media_type(detail));
    }
    let limits = Limits { bytes_max: BODY_BYTES_MAX, ..Limits::default() };
    let value =
        strict::parse(&bytes(event, BODY_BYTES_MAX)?, limits).map_err(|error| match error {
            StrictError::TooLarge { .. } => too_large(BODY_BYTES_MAX),
            StrictError::Invalid(error) => Problem::bad_field("", error.to_string()),
        })?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let detail = error.inner().to_string();
        Problem::invalid_field(pointer(error.path(), &detail), detail)
    })
}

/// The JSON pointer to the field at `path` that `detail` is about.
/// Source: <https://www.rfc-editor.org/rfc/rfc6901>.
fn pointer(path: &Path, detail: &str) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => _ = write!(pointer, "/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => push(&mut pointer, key),
            Segment::Unknown => (),
        }
    }
    // A field that is missing has no path, so serde gives its parent's.
    let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    if let Some(field) = missing {
        push(&mut pointer, field);
    }
    pointer
}

fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

#[cfg(test)]
mod tests;
