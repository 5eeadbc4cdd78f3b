//! The connections of WebSocket APIs: `/STAGE/@connections/ID`.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html>.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::{Call, Request, arn};

/// The ids of WebSocket APIs by their stages: a path names the stage alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketApis(BTreeMap<String, String>);

impl SocketApis {
    /// Adds an API with the stage that it is served as.
    pub fn add(&mut self, stage: &str, api: &str) {
        self.0.insert(stage.to_owned(), api.to_owned());
    }
}

/// What a call to a connection needs; none of a call to anything else.
pub(super) fn needs(call: &Call<'_>, apis: &SocketApis) -> Option<Vec<Request>> {
    // Clients write `=` of an id, and some the `@`, as an escape.
    let segments = call.path.strip_prefix('/')?.split('/');
    let segments = segments.map(|it| percent_decode_str(it).decode_utf8_lossy().into_owned());
    let segments: Vec<String> = segments.collect();
    let [stage, marker, connection] = segments.as_slice() else { return None };
    if marker != "@connections" {
        return None;
    }
    let api = apis.0.get(stage)?;
    let resource = format!("{api}/{stage}/{}/@connections/{connection}", call.method);
    Some(vec![Request::new("execute-api:ManageConnections", arn("execute-api", &resource))])
}
