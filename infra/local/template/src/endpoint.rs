//! Where a WebSocket API is found: in AWS, and on one machine.

use local_core::REGION;

use crate::{Template, document::Resource};

impl Template {
    /// Has functions find the WebSocket API on this machine: in their environment variables its
    /// address for the management of connections, `https://API.execute-api.REGION.amazonaws.com`,
    /// becomes `management`, and that for clients, with `wss://`, becomes `clients`. What stands
    /// behind them stays: the stage.
    pub fn locate_sockets(&mut self, management: &str, clients: &str) {
        let Some(api) = &self.socket_api else { return };
        let host = host(&api.logical_id);
        let places = [("https", management), ("wss", clients)];
        let places = places.map(|(scheme, place)| (format!("{scheme}://{host}"), place));
        for value in self.functions.iter_mut().flat_map(|it| it.environment.values_mut()) {
            for (written, place) in &places {
                *value = value.replace(written, place.trim_end_matches('/'));
            }
        }
    }
}

/// Whether an API as written is a WebSocket API.
pub(crate) fn is_web_socket(api: &Resource) -> bool {
    api.properties.get("ProtocolType").is_some_and(|it| it == "WEBSOCKET")
}

/// Where an API is found in AWS.
pub(crate) fn host(api: &str) -> String {
    format!("{api}.execute-api.{REGION}.amazonaws.com")
}
