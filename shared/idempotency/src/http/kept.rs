//! Responses as they are stored for clients that retry.

use ::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{IDEMPOTENCY_REPLAYED, Keeping};

/// The response to a request, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResponse {
    status: u16,
    headers: Vec<(String, String)>,
    /// Those that are not text, in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bytes: Vec<(String, String)>,
    body: String,
}

/// The result of a handler: the stored part, and the whole response in the process that made it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Kept {
    stored: StoredResponse,
    #[serde(skip)]
    whole: Option<Response<String>>,
}

// ===== impl Kept =====

impl Kept {
    pub(super) fn of(response: Response<String>, keeping: &Keeping) -> Self {
        Self { stored: StoredResponse::of(&response, keeping), whole: Some(response) }
    }

    /// The response as the handler returned it.
    pub(super) fn into_response(self) -> Response<String> {
        self.whole.unwrap_or_else(|| self.stored.into_response())
    }

    /// The replayed response, with the header that shows that it is one. `keeping` is applied
    /// again: the record may be of a version that stored more.
    pub(super) fn into_replayed(self, keeping: &Keeping) -> Response<String> {
        let mut response = self.stored.into_response();
        keeping.strip(response.headers_mut());
        let replayed = HeaderName::from_static(IDEMPOTENCY_REPLAYED);
        response.headers_mut().insert(replayed, HeaderValue::from_static("true"));
        response
    }
}

// ===== impl StoredResponse =====

impl StoredResponse {
    /// Stores the part of `response` that is replayed.
    fn of(response: &Response<String>, keeping: &Keeping) -> Self {
        let mut stored = Self {
            status: response.status().as_u16(),
            headers: Vec::new(),
            bytes: Vec::new(),
            body: response.body().clone(),
        };
        let mut given_again = response.headers().clone();
        keeping.strip(&mut given_again);
        for (name, value) in &given_again {
            let name = name.as_str().to_owned();
            match value.to_str() {
                Ok(text) => stored.headers.push((name, text.to_owned())),
                Err(_) => stored.bytes.push((name, BASE64_STANDARD.encode(value))),
            }
        }
        stored
    }

    fn into_response(self) -> Response<String> {
        let mut response = Response::new(self.body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        let bytes = self
            .bytes
            .into_iter()
            .filter_map(|(name, encoded)| Some((name, BASE64_STANDARD.decode(encoded).ok()?)));
        let texts = self.headers.into_iter().map(|(name, text)| (name, text.into_bytes()));
        for (name, value) in texts.chain(bytes) {
            // Both were headers when they were stored.
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
